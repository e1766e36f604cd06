// Runs the containers of a Dockerrun.aws.json (version 2) on the Docker engine of this machine as the
// ECS agent of Elastic Beanstalk does: in the order of their links, with hard memory limits, links,
// ports, health checks in exec form, and the environment properties given to every container. When an
// essential container ends, all are stopped, in the other order; SIGTERM stops them, too.
//
//	node dockerrun.js FILE PREFIX [--port 80=3050] [--replace @API_IMAGE@=barnacle/api] NAME=value...
//
// Containers are called PREFIX-name; those that are there are left to the caller to remove. A key that
// this does not know is an error: what is not carried out here must not pass as tested.
'use strict';
const fs = require('fs');
const http = require('http');

const socketPath = (process.env.DOCKER_HOST || 'unix:///var/run/docker.sock').replace('unix://', '');

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    const request = http.request({ socketPath, method, path, headers }, (response) => {
      let data = '';
      response.on('data', (piece) => (data += piece));
      response.on('end', () => {
        if (response.statusCode >= 400) {
          reject(new Error(`${method} ${path}: ${response.statusCode} ${data}`));
        } else {
          resolve(data === '' ? null : JSON.parse(data));
        }
      });
    });
    request.on('error', reject);
    request.end(text);
  });
}

function readArguments(words) {
  const given = { file: words[0], prefix: words[1], ports: {}, env: [] };
  let text = fs.readFileSync(given.file, 'utf8');
  for (let i = 2; i < words.length; i++) {
    const word = words[i].startsWith('--') ? words[++i] : words[i];
    const at = word.indexOf('=');
    const [name, value] = [word.slice(0, at), word.slice(at + 1)];
    if (word === words[i] && words[i - 1] === '--port') {
      given.ports[name] = value;
    } else if (words[i - 1] === '--replace') {
      text = text.split(name).join(value);
    } else {
      given.env.push(word);
    }
  }
  given.run = JSON.parse(text);
  return given;
}

const known = ['name', 'image', 'essential', 'memory', 'memoryReservation', 'cpu', 'portMappings', 'links',
  'environment', 'entryPoint', 'command', 'user', 'hostname', 'readonlyRootFilesystem', 'dockerSecurityOptions',
  'linuxParameters', 'healthCheck', 'stopTimeout', 'logConfiguration'];

function refuseUnknown(object, names, where) {
  for (const key of Object.keys(object)) {
    if (!names.includes(key)) {
      throw new Error(`${where}: ${key} is not known here`);
    }
  }
}

// Linked containers first.
function inOrder(definitions) {
  const order = [];
  const visit = (d, path) => {
    if (path.includes(d.name)) {
      throw new Error(`links in a circle: ${path.join(' ')} ${d.name}`);
    }
    for (const link of d.links || []) {
      const other = definitions.find((e) => e.name === link.split(':')[0]);
      if (other === undefined) {
        throw new Error(`${d.name} links ${link}, which is not there`);
      }
      visit(other, [...path, d.name]);
    }
    if (!order.includes(d)) {
      order.push(d);
    }
  };
  definitions.forEach((d) => visit(d, []));
  return order;
}

const MIB = 1024 * 1024;
const SECOND = 1e9;

function health(check) {
  return check && {
    Test: check.command,
    Interval: (check.interval || 30) * SECOND,
    Timeout: (check.timeout || 5) * SECOND,
    Retries: check.retries || 3,
    StartPeriod: (check.startPeriod || 0) * SECOND,
  };
}

function container(d, given) {
  refuseUnknown(d, known, d.name);
  refuseUnknown(d.linuxParameters || {}, ['capabilities', 'initProcessEnabled'], d.name);
  const own = (d.environment || []).map((e) => `${e.name}=${e.value}`);
  const ports = {};
  for (const p of d.portMappings || []) {
    const host = String(p.hostPort || 0);
    ports[`${p.containerPort}/${p.protocol || 'tcp'}`] =
      [{ HostIp: '127.0.0.1', HostPort: given.ports[host] || host }];
  }
  const memory = (d.memory || 0) * MIB;
  const capabilities = (d.linuxParameters || {}).capabilities || {};
  return {
    Image: d.image,
    Entrypoint: d.entryPoint,
    Cmd: d.command,
    User: d.user,
    Hostname: d.hostname,
    // Its own go before the properties of the Beanstalk environment.
    Env: [...given.env.filter((e) => !own.some((o) => o.split('=')[0] === e.split('=')[0])), ...own],
    Healthcheck: health(d.healthCheck),
    ExposedPorts: Object.fromEntries(Object.keys(ports).map((p) => [p, {}])),
    HostConfig: {
      Memory: memory,
      // The ECS agent gives no swap beyond what the engine gives by itself; none makes it stricter.
      MemorySwap: memory,
      MemoryReservation: (d.memoryReservation || 0) * MIB,
      CpuShares: d.cpu || 0,
      PortBindings: ports,
      Links: (d.links || []).map((l) => `${given.prefix}-${l.split(':')[0]}:${l.split(':')[1] || l}`),
      ReadonlyRootfs: d.readonlyRootFilesystem || false,
      SecurityOpt: d.dockerSecurityOptions || [],
      CapDrop: capabilities.drop,
      CapAdd: capabilities.add,
      Init: (d.linuxParameters || {}).initProcessEnabled,
    },
  };
}

async function main() {
  const given = readArguments(process.argv.slice(2));
  refuseUnknown(given.run, ['AWSEBDockerrunVersion', 'containerDefinitions', 'executionRoleArn', 'authentication',
    'volumes'], given.file);
  if (given.run.AWSEBDockerrunVersion !== 2) {
    throw new Error('not version 2');
  }
  const started = [];
  let stopping = null;
  // Who links a container ends before it, for ECS takes a link for a dependency.
  const ends = new Map();
  const stop = (one) => {
    if (!ends.has(one)) {
      const before = started.filter(({ d }) => (d.links || []).some((l) => l.split(':')[0] === one.d.name));
      ends.set(one, Promise.all(before.map(stop)).then(() =>
        call('POST', `/containers/${one.id}/stop?t=${one.d.stopTimeout || 30}`).catch(() => null)));
    }
    return ends.get(one);
  };
  const stopAll = (why) => {
    if (stopping === null) {
      console.log(`stopping all: ${why}`);
      stopping = Promise.all(started.map(stop));
    }
    return stopping;
  };
  process.on('SIGTERM', () => stopAll('asked to'));
  for (const d of inOrder(given.run.containerDefinitions)) {
    const { Id: id } = await call('POST', `/containers/create?name=${given.prefix}-${d.name}`, container(d, given));
    await call('POST', `/containers/${id}/start`);
    console.log(`started ${d.name}`);
    started.push({ id, d });
  }
  console.log('running');
  await Promise.all(started.map(async ({ id, d }) => {
    const { StatusCode: status } = await call('POST', `/containers/${id}/wait`);
    console.log(`${d.name} ended with ${status}`);
    // ECS takes a container for essential unless told otherwise.
    if (d.essential !== false) {
      await stopAll(`${d.name} is essential`);
    }
  }));
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
