"""What a finished evaluation is shown as: a page, tables, pictures, a leaderboard."""
