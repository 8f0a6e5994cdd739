"""What is found and judged, in words and figures that people read: on pages, in alerts, in reports."""
