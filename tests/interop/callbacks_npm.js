// SPDX-License-Identifier: Apache-2.0
// Judges callbacks on stdin, one line of JSON each, by the packages that our customers have: each must verify, and none
// with one octet changed. Prints how many of each style it has judged.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const {Webhook} = require('standardwebhooks');
const twilio = require('twilio');
const {Vonage} = require('@vonage/server-sdk');
const {AlgorithmTypes} = require('@vonage/auth');

const SECRETS = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'];
const TOKEN = '12345';
const VONAGE_SECRET = 'my_signature_secret';
const sms = new Vonage({apiKey: 'abcd1234', apiSecret: 'unused'}).sms;
const form = (text) => Object.fromEntries(new URLSearchParams(text));
const changed = (text) => text.slice(0, -2) + (text.at(-2) === 'x' ? 'y' : 'x') + text.slice(-1);

function standard(call) {
  for (const secret of SECRETS) {
    const webhook = new Webhook(secret);
    assert.deepStrictEqual(webhook.verify(call.body, call.headers), JSON.parse(call.body));
    assert.throws(() => webhook.verify(changed(call.body), call.headers));
    assert.throws(() => webhook.verify(call.body, {...call.headers, 'webhook-id': 'evt_0'}));
  }
  assert.throws(() => new Webhook('whsec_' + Buffer.alloc(24).toString('base64')).verify(call.body, call.headers));
}

function ofTwilio(call) {
  const signature = call.headers['X-Twilio-Signature'];
  const params = form(call.body);
  assert.ok(params.MessageSid);
  assert.ok(twilio.validateRequest(TOKEN, signature, call.given, params));
  assert.ok(!twilio.validateRequest(TOKEN, signature, call.given, {...params, MessageSid: changed(params.MessageSid)}));
  assert.ok(!twilio.validateRequest('12346', signature, call.given, params));
  assert.ok(!twilio.validateRequest(TOKEN, signature, call.given + 'x', params));
}

function ofVonage(call, algorithm) {
  const type = call.headers['Content-Type'];
  const params = call.method === 'GET' ? form(new URL(call.url).search)
      : type === 'application/json' ? JSON.parse(call.body) : form(call.body);
  const known = AlgorithmTypes[algorithm.toLowerCase()];
  assert.ok(known && params.sig && params.messageId);
  assert.ok(sms.verifySignature(params.sig, params, VONAGE_SECRET, known));
  assert.ok(!sms.verifySignature(params.sig, {...params, messageId: 'other'}, VONAGE_SECRET, known));
  assert.ok(!sms.verifySignature(params.sig, params, 'another secret', known));
}

const judged = {};
for (const line of fs.readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const call = JSON.parse(line);
  const [style, algorithm] = call.style.split(' ');
  ({standard, twilio: ofTwilio, vonage: ofVonage})[style](call, algorithm);
  judged[style] = (judged[style] || 0) + 1;
}
console.log(JSON.stringify(judged));
