"""Permission for a browser to upload one file straight into Cloudinary, to one place and for a short time."""

import time
from datetime import timedelta

from cloudinary import utils

from generation.providers.cloudinary_account import CloudinaryAccount
from generation.providers.transfers import UploadTicket

SIGNATURE_LIFE = timedelta(hours=1)
"""How long Cloudinary takes a signature after its timestamp."""
FORMATS = "jpg,png,webp"


def sign_upload(account: CloudinaryAccount, public_id: str, lasts: timedelta) -> UploadTicket:
    """Sign an upload to `public_id`, private, never over what is there, good for `lasts` (at most an hour).

    Cloudinary offers no expiry of its own: the timestamp is set back by what is to be missing from the hour.
    """
    if not timedelta(0) < lasts <= SIGNATURE_LIFE:
        raise ValueError(f"a signature lasts up to {SIGNATURE_LIFE}, not {lasts}")
    options = account.package_options()
    timestamp = int(time.time() + (lasts - SIGNATURE_LIFE).total_seconds())
    unsigned = utils.cleanup_params(
        {
            "public_id": public_id,
            "type": "authenticated",
            "overwrite": False,
            "allowed_formats": FORMATS,
            "timestamp": timestamp,
        }
    )
    fields = {name: str(value) for name, value in utils.sign_request(unsigned, options).items()}
    return UploadTicket(str(utils.cloudinary_api_url("upload", **options)), fields)
