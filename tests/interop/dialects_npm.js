// SPDX-License-Identifier: Apache-2.0
// Twilio's and Vonage's own packages with their base URL at us. The scene comes as JSON on stdin; each case is a line of
// what was proven, and the first that fails ends it. Which messages the operator must have is left to the caller.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const twilio = require('twilio');
const {Vonage} = require('@vonage/server-sdk');

const http = require('node:http');
const {AlgorithmTypes} = require('@vonage/auth');

const scene = JSON.parse(fs.readFileSync(0, 'utf8'));
const base = `http://${scene.address}`;
const FROM = '+15005550006';
const TO = '+14155552345';

function client(sid, token, options = {}) {
  const made = twilio(sid, token, options);
  made.api.baseUrl = base;
  return made;
}
const demo = client(scene.sid, scene.token);

async function fails(promise, status, code) {
  try {
    await promise;
  } catch (error) {
    assert.strictEqual(error.constructor.name, 'RestException', error.stack);
    assert.deepStrictEqual([error.status, error.code], [status, code], error.message);
    assert.ok(error.moreInfo);
    return error;
  }
  throw new Error(`nothing was refused: ${status}/${code} was to come`);
}

// A server of the customer's: what it was called with.
const calls = [];
const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    calls.push({path: request.url, headers: request.headers, body: Buffer.concat(chunks).toString()});
    response.end();
  });
});
const callback = (path) => `http://127.0.0.1:${scene.port}${path}`;
const callsTo = (path, count) => until(() => {
  const got = calls.filter((call) => call.path === path);
  return got.length >= count ? got : null;
}, `${count} calls to ${path}`);

async function until(condition, what) {
  for (let tries = 0; tries < 300; ++tries) {
    const got = await condition();
    if (got) return got;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not within 15 s: ${what}`);
}

const later = (seconds) => new Date(Date.now() + seconds * 1000);
const message = (sid) => demo.messages(sid);
const ends = (sid, statuses) => until(async () => {
  const got = await message(sid).fetch();
  return statuses.includes(got.status) ? got : null;
}, `${sid} is ${statuses}`);

const cases = {
  async T1() {
    const got = await demo.messages.create({to: TO, from: FROM, body: 'hi', statusCallback: callback('/cb')});
    assert.match(got.sid, /^SM[0-9a-f]{32}$/);
    assert.strictEqual(got.status, 'queued');
    assert.strictEqual(got.numSegments, '1');
    assert.ok(got.dateCreated instanceof Date);
    assert.deepStrictEqual([got.to, got.from, got.body, got.accountSid], [TO, FROM, 'hi', scene.sid]);
    assert.strictEqual(got.apiVersion, '2010-04-01');
  },
  async T2() {
    const pooled = await demo.messages.create({to: TO, messagingServiceSid: scene.pool, body: 'pooled'});
    assert.strictEqual(pooled.status, 'accepted');
    const scheduled = await demo.messages.create(
        {to: TO, messagingServiceSid: scene.pool, body: 'never', sendAt: later(3600), scheduleType: 'fixed'});
    assert.strictEqual(scheduled.status, 'scheduled');
    assert.strictEqual(scheduled.numSegments, '0');
    this.scheduled = scheduled.sid;
  },
  async T3() {
    const sent = await demo.messages.create({to: TO, from: FROM, body: 'Grüße ж'});
    const got = await ends(sent.sid, ['delivered']);
    assert.strictEqual(got.errorCode, null);
    assert.ok(got.dateSent instanceof Date);
    const refused = await demo.messages.create({to: TO, from: FROM, body: 'rejected by the operator'});
    const failed = await ends(refused.sid, ['failed', 'undelivered']);
    assert.strictEqual(typeof failed.errorCode, 'number');
    this.delivered = sent.sid;
  },
  async T4() {
    await fails(message('SM' + '0'.repeat(32)).fetch(), 404, 20404);
  },
  async T5() {
    const canceled = await message(this.scheduled).update({status: 'canceled'});
    assert.strictEqual(canceled.status, 'canceled');
    await fails(message(this.delivered).update({status: 'canceled'}), 409, 30409);
  },
  async T8() {
    const to = '+14155550088';
    const start = new Date(Date.now() - 1000);
    const sids = [];
    for (let i = 0; i < 5; ++i) sids.unshift((await demo.messages.create({to, from: FROM, body: `list ${i}`})).sid);
    for (const sid of sids) await ends(sid, ['delivered']);
    const range = {to, dateSentAfter: start, dateSentBefore: later(60)};
    const all = await until(async () => {
      const got = await demo.messages.list({...range, pageSize: 2});
      return got.length === 5 ? got : null;
    }, 'history has all five');
    assert.deepStrictEqual(all.map((one) => one.sid), sids);
    assert.strictEqual((await demo.messages.list({...range, limit: 3})).length, 3);
    const first = await demo.messages.page({...range, pageSize: 2});
    const second = await first.nextPage();
    const third = await second.nextPage();
    assert.deepStrictEqual([first, second, third].map((page) => page.instances.map((one) => one.sid)),
                           [sids.slice(0, 2), sids.slice(2, 4), sids.slice(4)]);
    const back = await third.previousPage();
    assert.deepStrictEqual(back.instances.map((one) => one.sid), sids.slice(2, 4));
    assert.strictEqual((await demo.messages.list({to, dateSent: later(-3 * 24 * 3600)})).length, 0);
  },
  async T9() {
    assert.deepStrictEqual(await message(this.delivered).media.list(), []);
    assert.strictEqual((await demo.balance.fetch()).currency, 'USD');
    assert.strictEqual((await demo.api.v2010.accounts(scene.sid).fetch()).status, 'active');
    assert.deepStrictEqual(await demo.incomingPhoneNumbers.list(), []);
  },
  // What this version does not do says so: nothing is silently left out.
  async T6_T7_not_offered() {
    await fails(message(this.delivered).update({body: ''}), 501, 20501);
    await fails(message(this.delivered).remove(), 501, 20501);
    await fails(message(this.delivered).feedback.create({outcome: 'confirmed'}), 501, 20501);
  },
  async T10() {
    await fails(demo.messages.create({to: '+1', from: FROM, body: 'x'}), 400, 21211);
    await fails(demo.messages.create({to: TO, body: 'x'}), 400, 21603);
    await fails(demo.messages.create({to: TO, from: FROM, body: 'x'.repeat(1601)}), 400, 21617);
    await fails(client(scene.sid, 'wrong').messages.create({to: TO, from: FROM, body: 'x'}), 401, 20003);
  },
  async T11() {
    const slow = client(scene.slow_sid, scene.token);
    const burst = () => Promise.allSettled(
        Array.from({length: 60}, () => slow.messages.create({to: TO, from: FROM, body: 'burst'})));
    const refused = (await burst()).filter((one) => one.status === 'rejected').map((one) => one.reason);
    assert.ok(refused.length > 0);
    for (const error of refused) assert.deepStrictEqual([error.status, error.code], [429, 20429]);
    let requests = 0;
    const retrying = client(scene.slow_sid, scene.token, {autoRetry: true, maxRetries: 3});
    retrying.httpClient.axios.interceptors.request.use((config) => (++requests, config));
    const others = burst();
    const once = retrying.messages.create({to: TO, from: FROM, body: 'once'});
    await once.catch((error) => assert.strictEqual(error.status, 429));
    assert.ok(requests >= 1 && requests <= 4, `${requests} requests`);
    await others;
  },
  async T12() {
    const path = '/cb?foo=1&b=two%20words';
    const sent = await demo.messages.create({to: TO, from: FROM, body: 'told', statusCallback: callback(path)});
    const got = await callsTo(path, 2);
    assert.deepStrictEqual(got.map((call) => new URLSearchParams(call.body).get('MessageStatus')), ['sent', 'delivered']);
    for (const call of got) {
      const params = Object.fromEntries(new URLSearchParams(call.body));
      assert.strictEqual(params.MessageSid, sent.sid);
      assert.strictEqual(params.AccountSid, scene.sid);
      const signature = call.headers['x-twilio-signature'];
      assert.ok(twilio.validateRequest(scene.token, signature, callback(path), params));
      assert.ok(!twilio.validateRequest(scene.token, signature, callback(path), {...params, To: TO + '1'}));
      assert.match(call.headers['i-twilio-idempotency-token'], /^evt_[0-9a-f]{16}$/);
    }
  },
  async T13() {
    const keyed = client(scene.key_sid, scene.key_proof, {accountSid: scene.sid});
    const got = await keyed.messages.create({to: TO, from: FROM, body: 'by key'});
    assert.strictEqual((await keyed.messages(got.sid).fetch()).sid, got.sid);
    const wrong = client(scene.key_sid, 'x'.repeat(43), {accountSid: scene.sid});
    await fails(wrong.messages.create({to: TO, from: FROM, body: 'x'}), 401, 20003);
    const other = client(scene.key_sid, scene.key_proof, {accountSid: scene.slow_sid});
    await fails(other.messages.create({to: TO, from: FROM, body: 'x'}), 401, 20003);
  },
};

const vonage = new Vonage({apiKey: 'demo', apiSecret: 'demo'}, {restHost: base});
const NUMBER = '14155552345';

async function failsAtVonage(promise, status) {
  try {
    await promise;
  } catch (error) {
    assert.strictEqual(error.constructor.name, 'MessageSendPartialFailure', error.stack);
    assert.strictEqual(error.getFailedMessages()[0].status, status);
    return;
  }
  throw new Error(`nothing was refused: ${status} was to come`);
}

Object.assign(cases, {
  async V1() {
    const got = await vonage.sms.send({to: NUMBER, from: 'ACME', text: 'vonage', clientRef: 'r1'});
    assert.strictEqual(got.messages[0].status, '0');
    assert.strictEqual(got.messageCount, '1');
    assert.strictEqual(got.messages[0].clientRef, 'r1');
  },
  async V2() {
    const got = await vonage.sms.send({to: NUMBER, from: 'ACME', text: 'v'.repeat(400)});
    assert.strictEqual(got.messages.length, 3);
    assert.strictEqual(new Set(got.messages.map((one) => one.messageId)).size, 3);
  },
  async V3() {
    await vonage.sms.send({to: NUMBER, from: 'ACME', text: 'жи', type: 'unicode'});
    await vonage.sms.send({to: NUMBER, from: 'ACME', type: 'binary', body: '0011ff', udh: '0605040b8423f0'});
  },
  async V4() {
    const wrong = new Vonage({apiKey: 'demo', apiSecret: 'wrong'}, {restHost: base});
    await failsAtVonage(wrong.sms.send({to: NUMBER, from: 'ACME', text: 'x'}), '4');
  },
  async V5() {
    await failsAtVonage(vonage.sms.send({to: NUMBER, from: 'A'.repeat(12), text: 'x'}), '15');
    const slow = new Vonage({apiKey: 'slow', apiSecret: 'slow'}, {restHost: base});
    await failsAtVonage(Promise.all(
        Array.from({length: 60}, () => slow.sms.send({to: NUMBER, from: 'ACME', text: 'burst'}))), '1');
  },
  async V7() {
    const sent = await vonage.sms.send(
        {to: NUMBER, from: 'ACME', text: 'told', clientRef: 'r7', callback: callback('/dlr')});
    const [call] = await callsTo('/dlr', 1);
    const receipt = JSON.parse(call.body);
    assert.deepStrictEqual([receipt.messageId, receipt.status, receipt['err-code'], receipt['client-ref'], receipt.msisdn],
                           [sent.messages[0].messageId, 'delivered', '0', 'r7', NUMBER]);
    assert.ok(vonage.sms.verifySignature(receipt.sig, receipt, 'shh', AlgorithmTypes.sha256hmac));
    assert.ok(!vonage.sms.verifySignature(receipt.sig, {...receipt, status: 'failed'}, 'shh', AlgorithmTypes.sha256hmac));
  },
  async V6() {
    const got = await vonage.accounts.getBalance();
    assert.strictEqual(typeof got.value, 'number');
    assert.strictEqual(got.autoReload, false);
  },
});

(async () => {
  const state = {};
  await new Promise((resolve) => server.listen(scene.port, '127.0.0.1', resolve));
  for (const [name, run] of Object.entries(cases)) {
    if (scene.only && !scene.only.includes(name)) continue;
    await run.call(state).catch((error) => {
      throw new Error(`${name}: ${error.stack}`);
    });
    console.log(name);
  }
  server.closeAllConnections();
  server.close();
})().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
