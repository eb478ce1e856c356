// SPDX-License-Identifier: Apache-2.0
// npm smpp as a peer that a test drives: one line of JSON per order on stdin, one per event on stdout (see npm_peer.py).
// What is on the wire is npm's own doing. Octets are {"hex": "..."} in both directions.
'use strict';
const readline = require('readline');
const smpp = require('smpp');

smpp.addTLV('vendor_note', {id: 0x1500, type: smpp.types.tlv.buffer});
smpp.addTLV('vendor_code', {id: 0x3FFE, type: smpp.types.tlv.int32});

const sessions = {};
const held = new Set();  // sessions whose requests wait for the test's own answer
let sessions_count = 0;

function tell(event) {
  process.stdout.write(JSON.stringify(event) + '\n');
}

function outward(value) {
  if (Buffer.isBuffer(value)) { return {hex: value.toString('hex')}; }
  if (value instanceof Date) { return isNaN(value) ? 'invalid date' : value.toISOString(); }
  if (Array.isArray(value)) { return value.map(outward); }
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, outward(field)]));
  }
  return value;
}

function inward(value) {
  if (Array.isArray(value)) { return value.map(inward); }
  if (value && typeof value === 'object') {
    if (typeof value.hex === 'string') { return Buffer.from(value.hex, 'hex'); }
    if (typeof value.date === 'number') { return new Date(value.date); }
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, inward(field)]));
  }
  return value;
}

// The PDU as npm decoded it.
function pdu_of(pdu) {
  return Object.fromEntries(Object.entries(pdu).map(([name, field]) => [name, outward(field)]));
}

// `served`: the links of a server are answered by the test. A customer's own side answers at once, unless it is held.
function watch(name, session, served) {
  sessions[name] = session;
  session.on('pdu', (pdu) => {
    if (pdu.isResponse()) { return; }
    const left_to_the_test = served || held.has(name);
    if (!left_to_the_test || pdu.command === 'enquire_link' || pdu.command === 'unbind') {
      session.send(pdu.response());
    }
    tell({event: 'request', session: name, pdu: pdu_of(pdu)});
  });
  session.on('close', () => tell({event: 'closed', session: name}));
  session.on('error', (error) => tell({event: 'error', session: name, text: String(error)}));
}

// Keeps up to `window` requests without answer until `count` are answered.
function flow(order) {
  const session = sessions[order.session];
  const statuses = {};
  const ids = [];
  let begun = 0, answered = 0, most = 0;
  const fill = () => {
    while (begun < order.count && begun - answered < order.window) {
      const fields = inward(order.fields);
      fields.short_message = `${order.text} ${begun}`;
      ++begun;
      most = Math.max(most, begun - answered);
      session.send(new smpp.PDU(order.command, fields), (pdu) => {
        ++answered;
        statuses[pdu.command_status] = (statuses[pdu.command_status] || 0) + 1;
        ids.push(pdu.message_id);
        if (answered === order.count) {
          tell({event: 'response', tag: order.tag, pdu: {statuses, ids, most}});
        } else {
          fill();
        }
      });
    }
  };
  fill();
}

const orders = {
  connect(order) {
    const session = smpp.connect({host: '127.0.0.1', port: order.port});
    watch(order.session, session, false);
    session.on('connect', () => tell({event: 'connected', session: order.session}));
  },
  listen() {
    const server = smpp.createServer((session) => {
      const name = `link${++sessions_count}`;
      watch(name, session, true);
      tell({event: 'accepted', session: name});
    });
    server.listen(0, '127.0.0.1', () => tell({event: 'listening', port: server.address().port}));
  },
  send(order) {
    const pdu = new smpp.PDU(order.command, inward(order.fields));
    const sent = sessions[order.session].send(pdu, (response) => {
      tell({event: 'response', tag: order.tag, pdu: pdu_of(response)});
    });
    if (!sent) { tell({event: 'error', session: order.session, text: 'not writable'}); }
  },
  // An answer to a request of theirs, found by its sequence number.
  answer(order) {
    const fields = inward(order.fields);
    fields.sequence_number = order.sequence_number;
    sessions[order.session].send(new smpp.PDU(order.command, fields));
  },
  flow,
  hold(order) { held.add(order.session); },
  close(order) { sessions[order.session].close(); },
};

readline.createInterface({input: process.stdin})
  .on('line', (line) => {
    const order = JSON.parse(line);
    orders[order.do](order);
  })
  .on('close', () => process.exit(0));
