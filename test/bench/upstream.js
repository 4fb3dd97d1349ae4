/** An HTTP server to be proxied, in a process of its own: a small answer, 50 MiB down, or the length of what came up. */
import { createServer } from 'node:http';

const PIECE = Buffer.alloc(65536, 'x');
const PIECES = 800;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.method === 'PUT') {
    let received = 0;
    request.on('data', (chunk) => (received += chunk.length));
    request.on('end', () => response.end(String(received)));
  } else if (request.url === '/stream') {
    let sent = 0;
    const pump = () => {
      while (sent < PIECES) {
        sent++;
        if (!response.write(PIECE)) return;
      }
      response.end();
    };
    response.on('drain', pump);
    pump();
  } else {
    response.setHeader('Content-Type', 'text/plain');
    response.end('hello\n');
  }
});
server.listen(Number(process.argv[2]), '127.0.0.1');
