# Stores and newcomers for the tests, of Debian's packages: where they run, nothing can be pulled.
# The stores behave as the official images do, as far as compose.yaml asks for it.
ARG BASE
FROM ${BASE} AS stores
RUN apt-get -q update && apt-get -q -y install --no-install-recommends postgresql-common redis-server && \
	sed -i 's/^#* *create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf && \
	apt-get -q -y install --no-install-recommends postgresql && apt-get clean && \
	rm -rf /var/lib/apt/lists/*

FROM stores AS postgres
COPY postgres.sh /
RUN ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/ && \
	install -d -o postgres -g postgres -m 700 /var/lib/postgresql/data && \
	install -d -o postgres -g postgres -m 3777 /var/run/postgresql
ENTRYPOINT ["sh", "/postgres.sh"]

FROM stores AS redis
# Valkey's names, too: the same protocol, and what of it the tests use.
RUN install -d -o redis -g redis /data && cd /usr/local/bin && \
	ln -s /usr/bin/redis-server valkey-server && ln -s /usr/bin/redis-cli valkey-cli
WORKDIR /data
# What Debian's configuration binds to loopback.
ENTRYPOINT ["sh", "-c", "exec \"$@\" --bind 0.0.0.0 --protected-mode no", "redis"]

# Who has only git, make and sudo.
FROM ${BASE} AS newcomer
RUN apt-get -q update && apt-get -q -y install --no-install-recommends git make sudo && apt-get clean && \
	rm -rf /var/lib/apt/lists/* && \
	useradd --create-home --shell /bin/bash newcomer && \
	echo 'newcomer ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/newcomer
USER newcomer
WORKDIR /home/newcomer
