"""What is written down beside the plan: risks and issues, talk, status. On its project, never in a spreadsheet elsewhere."""
