"""Spreadsheets in and out: CSV and XLSX that Excel opens clean, and that run nothing here or there. Knows no room."""
