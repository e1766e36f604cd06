// The upstream of router_browser_test: a page, a WebSocket echo, and an event stream whose next
// event is made only when the page has asked for it, having seen the one before. node server.js PORT
'use strict';
const http = require('http');
const crypto = require('crypto');

const page = `<!doctype html><meta charset="utf-8"><title>through the router</title>
<link rel="icon" href="data:,">
<script>
var said = [], events = [], ended = '';
var ws = new WebSocket('ws://' + location.host + '/ws', 'echo');
ws.binaryType = 'arraybuffer';
ws.onmessage = e => said.push(typeof e.data === 'string' ? e.data : e.data.byteLength);
ws.onclose = e => { ended = e.code + ' ' + e.reason + ' ' + e.wasClean; };
var source = new EventSource('/events');
source.onmessage = e => { events.push(e.data); if (events.length < 5) fetch('/next'); };
source.onopen = () => fetch('/next');
</script>`;

let stream = null;
let count = 0;

const server = http.createServer((request, response) => {
  if (request.url === '/events') {
    response.writeHead(200, {'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store'});
    response.write('retry: 50\n\n');
    stream = response;
  } else if (request.url === '/next') {
    stream.write(`data: ${++count}\n\n`);
    response.end();
  } else {
    response.setHeader('Content-Type', 'text/html');
    response.end(page);
  }
});

// RFC 6455, 5.2: the frame at the front of [data], or null while it is not complete.
function frame(data) {
  if (data.length < 2) return null;
  let n = data[1] & 127;
  let at = 2;
  if (n === 126 && data.length >= 4) [n, at] = [data.readUInt16BE(2), 4];
  else if (n === 127 && data.length >= 10) [n, at] = [Number(data.readBigUInt64BE(2)), 10];
  else if (n >= 126) return null;
  if (data.length < at + 4 + n) return null;
  const mask = data.subarray(at, at + 4);
  const body = Buffer.from(data.subarray(at + 4, at + 4 + n));
  for (let i = 0; i < n; i++) body[i] ^= mask[i & 3];
  return {first: data[0], body, end: at + 4 + n};
}

function head(first, n) {
  if (n < 126) return Buffer.from([first, n]);
  const h = Buffer.alloc(n < 65536 ? 4 : 10);
  h[0] = first;
  h[1] = n < 65536 ? 126 : 127;
  if (n < 65536) h.writeUInt16BE(n, 2);
  else h.writeBigUInt64BE(BigInt(n), 2);
  return h;
}

server.on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = crypto.createHash('sha1').update(key).digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: echo\r\n\r\n`);
  let data = Buffer.alloc(0);
  socket.on('data', piece => {
    data = Buffer.concat([data, piece]);
    for (let f = frame(data); f !== null; f = frame(data)) {
      data = data.subarray(f.end);
      socket.write(Buffer.concat([head(f.first, f.body.length), f.body]));
      if ((f.first & 15) === 8) socket.end();
    }
  });
  socket.on('error', () => socket.destroy());
});

server.listen(Number(process.argv[2]), '127.0.0.1');
