"""Run by the interpreter that holds pact-python, not by ours: verifies Baz's contracts as a test suite would.

    with_pact_python.py SERVICE TOKEN PORT [VERSION BRANCH TAG]

With a version it publishes the results, too. Exit 1: the verification failed, or nothing could be fetched.
"""

import sys

from pact import Verifier  # type: ignore[import-not-found]  # it is in an environment of its own


def main(service: str, token: str, port: str, *published: str) -> None:
    """Verify, and publish where a version is given."""
    verifier = Verifier("Baz", host="127.0.0.1").add_transport(url=f"http://127.0.0.1:{port}")
    if published:
        version, branch, tag = published
        verifier = verifier.set_publish_options(version=version, branch=branch, tags=[tag])
    source = verifier.broker_source(service, token=token, selector=True)
    source.include_pending().consumer_version(latest=True).build()
    verifier.verify()


if __name__ == "__main__":
    main(*sys.argv[1:])
