"""A bare aiohttp handler that answers 201: what wrk and the HTTP library reach when nothing is recorded."""

import sys

from aiohttp import web

_BODY = b'{"name": "' + b"x" * 900 + b'"}'


async def created(request: web.Request) -> web.Response:
    """Read the body, and answer about as much as the service does."""
    await request.read()
    return web.Response(status=201, body=_BODY, content_type="application/hal+json")


def main() -> None:
    """Serve on the port that the first argument names."""
    application = web.Application()
    application.router.add_post("/pacticipants", created)
    web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)


if __name__ == "__main__":
    main()
