// Passkeys: allauth's scripts do the work; here is what they leave out, a word when it came to nothing.
const trouble = document.getElementById("passkey-trouble");

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  if (trouble) trouble.hidden = false;
});

// Without a script there is no passkey, so its button comes with the script.
for (const button of document.querySelectorAll("[data-passkey]")) button.hidden = !window.PublicKeyCredential;
