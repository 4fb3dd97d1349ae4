import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

const COMMANDS = ['/usr/sbin/nginx', '/usr/local/nginx/sbin/nginx', '/usr/local/sbin/nginx'];

/** nginx: the master and one worker. */
/** @type {import('./index.js').PeerFinder} */
export function findNginx() {
  const command = COMMANDS.find((path) => existsSync(path));
  if (command === undefined) return { name: 'nginx', missing: 'nginx is not installed' };
  const version = /nginx\/\S+/.exec(spawnSync(command, ['-v'], { encoding: 'latin1' }).stderr ?? '');
  const args = (/** @type {string} */ file) => [
    '-p',
    dirname(file),
    '-e',
    `${dirname(file)}/error.log`,
    '-c',
    file,
  ];
  return {
    name: 'nginx',
    version: version?.[0] ?? 'nginx',
    can: new Set([
      'static',
      'php',
      'php-kept',
      'balancer',
      'http-proxy',
      'wordpress',
      'filters',
      'autoindex',
      'vhosts',
    ]),
    configure: nginxConf,
    run: (file) => ({ command, args: args(file) }),
    check: (file) => ({ command, args: [...args(file), '-t'] }),
  };
}

/** @param {import('./index.js').Setup} setup */
function nginxConf(setup) {
  const { site, port, home, fpmSockets, upstreamPort, vhosts } = setup;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `    ${name}_temp_path "${home}/${name}";`,
  );
  return `${process.getuid?.() === 0 ? 'user www-data;\n' : ''}daemon off;
worker_processes 1;
worker_rlimit_nofile 8192;
pid "${home}/pid";
error_log "${home}/error.log" warn;
events {
    worker_connections 4096;
}
http {
${temporary.join('\n')}
    access_log off;
    sendfile on;
    keepalive_requests 1000000000;
    keepalive_timeout 60;
    types {
        text/plain txt;
        text/html html;
    }
    default_type application/octet-stream;
    server_names_hash_max_size 65536;
    server_names_hash_bucket_size 128;
${upstream(
  'reuse',
  fpmSockets.map((socket) => `unix:${socket}`),
)}${upstream('kept', upstreamPort === 0 ? [] : [`127.0.0.1:${upstreamPort}`])}
    server {
        listen 127.0.0.1:${port} default_server;
        server_name localhost;
        root "${site.documents}";
        index index.html;
${FEATURES[setup.feature](setup)}    }
${virtualHosts(site.documents, port, vhosts)}}
`;
}

/**
 * @param {string} name
 * @param {readonly string[]} servers
 */
function upstream(name, servers) {
  if (servers.length === 0) return '';
  const lines = servers.map((server) => `        server ${server};\n`).join('');
  return `    upstream ${name} {\n${lines}        keepalive 32;\n    }\n`;
}

/** @type {Readonly<Record<import('./index.js').Ability, (setup: import('./index.js').Setup) => string>>} */
const FEATURES = {
  static: () => '',
  php: phpConf,
  balancer: phpConf,
  'http-proxy': () => `        location /upstream/ {
            proxy_pass http://kept/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Host $host;
            proxy_request_buffering off;
            client_max_body_size 0;
        }
`,
  wordpress: (setup) => `${phpConf(setup)}        location /wordpress/ {
            try_files $uri $uri/ /wordpress/index.php?$args;
        }
        location /wordpress-404/ {
            try_files $uri $uri/ =404;
        }
`,
  filters: () => `        gzip on;
        gzip_comp_level 6;
        gzip_min_length 0;
        gzip_types text/plain;
        add_header X-Content-Type-Options nosniff;
        add_header Strict-Transport-Security "max-age=31536000" always;
        expires 1M;
`,
  autoindex: () => '        autoindex on;\n',
};

/** @param {import('./index.js').Setup} setup */
function phpConf({ fpmSockets: [socket] }) {
  const params = [
    'GATEWAY_INTERFACE CGI/1.1',
    'SERVER_SOFTWARE nginx',
    'QUERY_STRING $query_string',
    'REQUEST_METHOD $request_method',
    'CONTENT_TYPE $content_type',
    'CONTENT_LENGTH $content_length',
    'SCRIPT_FILENAME $document_root$fastcgi_script_name',
    'SCRIPT_NAME $fastcgi_script_name',
    'REQUEST_URI $request_uri',
    'DOCUMENT_URI $document_uri',
    'DOCUMENT_ROOT $document_root',
    'SERVER_PROTOCOL $server_protocol',
    'REQUEST_SCHEME $scheme',
    'REMOTE_ADDR $remote_addr',
    'REMOTE_PORT $remote_port',
    'SERVER_ADDR $server_addr',
    'SERVER_PORT $server_port',
    'SERVER_NAME $server_name',
  ].map((pair) => `            fastcgi_param ${pair};\n`);
  const location = (
    /** @type {string} */ path,
    /** @type {string} */ pass,
  ) => `        location ~ ^/${path}/.*\\.php$ {
${params.join('')}            ${pass}
        }
`;
  const kept =
    'fastcgi_pass reuse; fastcgi_keep_conn on; client_max_body_size 0; fastcgi_request_buffering off;';
  return `${location('plain', `fastcgi_pass unix:${socket};`)}${location('reuse', kept)}${location('wordpress', kept)}`;
}

/**
 * @param {string} documents
 * @param {number} port
 * @param {number} count
 */
function virtualHosts(documents, port, count) {
  const parts = [];
  for (let index = 0; index < count; index++) {
    parts.push(`    server {
        listen 127.0.0.1:${port};
        server_name host${index}.example.com www.host${index}.example.com;
        root "${documents}";
        location /host${index}/ {
            allow all;
        }
    }
`);
  }
  return parts.join('');
}
