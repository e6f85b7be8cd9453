"""The studio's own small web pages: home, and the result page of any job."""
