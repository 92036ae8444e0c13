"""Until when the certificate of a site is valid. Connects, shakes hands, asks nothing else and sends no request."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from moodle_sync.errors import Unreachable


def valid_until(url: str, *, timeout: float, ca_bundle: Path | None = None) -> datetime:
    """When the certificate that an https address presents expires, aware, in UTC.

    Args:
        url: the address of the site.
        timeout: seconds for connecting, and for each answer while shaking hands.
        ca_bundle: a file or folder of certificate authorities; by default those that every other call here trusts.

    Raises:
        Unreachable: no connection, or a certificate that is not trusted.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    authorities = ca_bundle or Path(DEFAULT_CA_BUNDLE_PATH)
    try:
        context = ssl.create_default_context(
            cafile=None if authorities.is_dir() else str(authorities),
            capath=str(authorities) if authorities.is_dir() else None,
        )
        with (
            socket.create_connection((host, port), timeout=timeout) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            certificate = secured.getpeercert()
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(
            f"the certificate of {host}:{port} is not trusted: {error.verify_message}",
            hint="If a private authority signed it, name its file in the configuration (ca_bundle).",
        ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unreachable(f"{host}:{port} cannot be reached: {reason}", hint="Check the address.") from error
    expires = str((certificate or {}).get("notAfter", ""))
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(expires), UTC)
