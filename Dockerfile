# Two stages: the first installs the pinned packages and trains the finder, the second has only what runs.
# Versions: constraints.txt (packages), deploy/build-requirements.txt (what builds our own wheel).
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
RUN python -m venv --without-pip /opt/khedmatyar
COPY constraints.txt deploy/build-requirements.txt ./
RUN python -m pip install --root-user-action=ignore -r build-requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY handlers handlers
COPY records records
COPY knowledge knowledge
# Only ready wheels: nothing is compiled, so nothing that compiles is needed.
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && python -m pip --python /opt/khedmatyar/bin/python install --only-binary :all: -c constraints.txt /wheel/*.whl
ENV KHEDMATYAR_MODEL=/opt/khedmatyar/share/finder.zip
RUN mkdir -p /opt/khedmatyar/share && /opt/khedmatyar/bin/khedmatyar train && chmod -R a+rX /opt/khedmatyar

FROM python:${PYTHON}-slim
RUN groupadd --gid 10001 khedmatyar \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin khedmatyar \
    && mkdir -p /data /backups \
    && chown khedmatyar:khedmatyar /data /backups \
    && python -m pip uninstall --yes --root-user-action=ignore pip
COPY --from=build /opt/khedmatyar /opt/khedmatyar
ENV PATH=/opt/khedmatyar/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/tmp/cache \
    KHEDMATYAR_MODEL=/opt/khedmatyar/share/finder.zip \
    KHEDMATYAR_DATABASE_URL=sqlite:////data/khedmatyar.sqlite \
    KHEDMATYAR_WEB_HOST=0.0.0.0 \
    KHEDMATYAR_WEB_PORT=8080
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["khedmatyar"]
CMD ["run"]
