"""Addresses of signing in and out, of one's account, of e-mailed links, and of people.

allauth's pages stand here one by one: what is not named does not exist (no sign-up, no further addresses).
"""

from allauth.account import views as account
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount.providers.openid_connect import views as sign_on
from allauth.usersessions import views as sessions
from django.urls import include, path, re_path

from accounts.views import links, people, sign_in
from accounts.views.allauths import elsewhere, ours

# fmt: off
account_pages = [
    path("", sign_in.account, name="account"),
    path("sign-up/", sign_in.sign_up, name="account_signup"),
    path("confirm/", ours(account.reauthenticate), name="account_reauthenticate"),
    path("password/change/", ours(account.password_change), name="account_change_password"),
    path("password/set/", ours(account.password_set), name="account_set_password"),
    path("password/reset/", ours(account.password_reset), name="account_reset_password"),
    path("password/reset/sent/", account.password_reset_done, name="account_reset_password_done"),
    re_path(r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", ours(account.password_reset_from_key),
            name="account_reset_password_from_key"),
    path("password/reset/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("code/", ours(account.request_login_code), name="account_request_login_code"),
    path("code/enter/", ours(account.confirm_login_code), name="account_confirm_login_code"),
    path("sessions/", sessions.list_usersessions, name="usersessions_list"),
    path("two-factor/", factor.index, name="mfa_index"),
    path("two-factor/enter/", ours(factor.authenticate), name="mfa_authenticate"),
    path("two-factor/confirm/", ours(factor.reauthenticate), name="mfa_reauthenticate"),
    path("two-factor/app/add/", ours(app.activate_totp), name="mfa_activate_totp"),
    path("two-factor/app/remove/", ours(app.deactivate_totp), name="mfa_deactivate_totp"),
    path("two-factor/codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("two-factor/codes/new/", ours(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("two-factor/codes/file/", codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("passkeys/", passkeys.list_webauthn, name="mfa_list_webauthn"),
    path("passkeys/add/", ours(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path("passkeys/enter/", ours(passkeys.login_webauthn), name="mfa_login_webauthn"),
    path("passkeys/confirm/", ours(passkeys.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("passkeys/<int:pk>/remove/", ours(passkeys.remove_webauthn), name="mfa_remove_webauthn"),
    path("passkeys/<int:pk>/", ours(passkeys.edit_webauthn), name="mfa_edit_webauthn"),
    path("sso/<slug:provider_id>/", elsewhere(sign_on.login), name="openid_connect_login"),
    path("sso/<slug:provider_id>/back/", elsewhere(sign_on.callback), name="openid_connect_callback"),
]

urlpatterns = [
    path("sign-in", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in", sign_in.SignIn.as_view(), name="account_login"),
    path("sign-out", sign_in.SignOut.as_view(), name="sign-out"),
    path("sign-out", sign_in.SignOut.as_view(), name="account_logout"),
    path("account/", include(account_pages)),
    path("link", links.link_code, name="link-code"),
    path("link/<str:token>", links.emailed_link, name="emailed-link"),
    path("link/<str:token>/again", links.link_again, name="link-again"),
    path("people/", people.people, name="people"),
    path("people/invite", people.invite_person, name="invite-person"),
    path("people/<int:pk>/invite", people.invite_again, name="invite-again"),
]
# fmt: on
