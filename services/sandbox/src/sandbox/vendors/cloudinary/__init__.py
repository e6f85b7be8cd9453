"""Cloudinary's upload API under `/cloudinary/v1_1` and its delivery under `/image`."""
