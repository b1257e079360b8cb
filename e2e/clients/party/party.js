// A relying party over WS-Federation: passport-wsfed-saml2, which nobody here wrote, behind Node's own server.
//
// Its settings come as one line of JSON on the standard input; it prints its port, and then what it made of each answer.
'use strict';

const fs = require('node:fs');
const https = require('node:https');
const path = require('node:path');
const { createRequire } = require('node:module');

const told = JSON.parse(fs.readFileSync(0, 'utf8'));
const brought = createRequire(path.join(told.modules, 'x.js'));
const { Strategy } = brought('passport-wsfed-saml2');

const settings = {
  path: '/callback',
  realm: told.realm,
  homeRealm: '',
  identityProviderUrl: told.sts,
  cert: told.certificate,
  clockSkew: 0,
};

// What the strategy is handed in the place of a request of Express.
function asked(request, body) {
  const fields = Object.fromEntries(new URLSearchParams(body));
  return {
    method: request.method,
    body: fields,
    query: {},
    protocol: 'https',
    originalUrl: request.url,
    get: (name) => request.headers[name.toLowerCase()],
  };
}

function answer(response, status, headers, text) {
  response.writeHead(status, { 'content-type': 'text/html', ...headers });
  response.end(text);
}

function authenticate(request, response, body) {
  // Each answer is judged by a strategy that has seen no other.
  const strategy = new Strategy({ ...settings }, (profile, done) => done(null, profile));
  const asking = asked(request, body);
  const said = (what, value) => {
    console.log(JSON.stringify({ [what]: value }));
    console.log(JSON.stringify({ context: asking.body.wctx ?? null }));
  };
  strategy.redirect = (url) => answer(response, 302, { location: url }, '');
  strategy.success = (user) => {
    said('user', user);
    // Where the application is: another host than the one that takes answers, as it is for many.
    const home = `https://127.0.0.1:${server.address().port}/home`;
    answer(response, 302, { location: home }, '');
  };
  const refuse = (error) => {
    said('refused', String((error && error.message) || error));
    answer(response, 401, {}, '<p id="refused">refused</p>');
  };
  strategy.fail = refuse;
  strategy.error = refuse;
  strategy.authenticate(asking, { wctx: told.wctx });
}

const tls = { key: fs.readFileSync(told.key), cert: fs.readFileSync(told.chain) };
const server = https.createServer(tls, (request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces).toString('utf8');
    if (request.url === '/home') {
      return answer(response, 200, {}, '<p id="signed-in">signed in</p>');
    }
    if (!['/', '/callback'].includes(request.url)) {
      return answer(response, 404, {}, '');
    }
    return authenticate(request, response, body);
  });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
