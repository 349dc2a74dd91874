"""What a question's answer, its citations and what was retrieved are measured by."""
