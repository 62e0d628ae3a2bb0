# The service alone. Postgres comes from docker-compose.yml or from elsewhere; without DATABASE_URL the embedded one is
# used, under /var/lib/muniment. The image runs with a read-only root: only /var/lib/muniment and /tmp are written to.

FROM python:3.12-slim AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# Dependencies first: their layer is kept until a lock changes. Each download is checked against the lock's hash.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/muniment \
    && /opt/muniment/bin/python -m pip install --quiet --require-hashes -r requirements.lock \
    && python -m venv /build/tools \
    && /build/tools/bin/python -m pip install --quiet --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY service service
COPY projections projections
RUN /build/tools/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir dist . \
    && /opt/muniment/bin/python -m pip install --quiet --no-deps --no-index dist/*.whl \
    && /opt/muniment/bin/python -m compileall -q /opt/muniment/lib

FROM python:3.12-slim
# A number, so that an orchestrator can see that it is not root's; a name, because Postgres' initdb asks for one.
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/muniment --shell /usr/sbin/nologin muniment \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/muniment
COPY --from=build /opt/muniment /opt/muniment
# Inside a container every address is closed until it is published, the operators' port included.
ENV PATH=/opt/muniment/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    MUNIMENT_OPS_HOST=0.0.0.0 \
    MUNIMENT_DATA_DIR=/var/lib/muniment
USER 10001:10001
VOLUME /var/lib/muniment
EXPOSE 9292
# Whether it lives. A database that is away is no reason to restart it; `muniment healthcheck --ready` asks for more.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["muniment", "healthcheck"]
ENTRYPOINT ["muniment"]
CMD ["serve"]
