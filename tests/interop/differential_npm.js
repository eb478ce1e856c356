// SPDX-License-Identifier: Apache-2.0
// npm smpp reads a file of PDUs and writes a line of JSON for each: its fields, strings and octets in hex, without what it
// makes of texts and times afterwards.
'use strict';
const fs = require('fs');
const smpp = require('smpp');

for (const filter of Object.values(smpp.filters)) { filter.decode = (value) => value; }
const bytes = (value) => Buffer.isBuffer(value) ? value : Buffer.from(value, 'latin1');

function outward(name, value) {
  if (Buffer.isBuffer(value) || typeof value === 'string') { return bytes(value).toString('hex'); }
  if (name === 'dest_address') {
    return value.map((one) => 'dl_name' in one
        ? [2, outward('', one.dl_name)]
        : [1, one.dest_addr_ton, one.dest_addr_npi, outward('', one.destination_addr)]);
  }
  if (name === 'unsuccess_sme') {
    return value.map((one) => [one.dest_addr_ton, one.dest_addr_npi, outward('', one.destination_addr),
                               one.error_status_code]);
  }
  return Array.isArray(value) ? value.map((one) => outward('', one)) : value;
}

function read(octets) {
  const pdu = new smpp.PDU(octets);
  const told = {fields: {}, tlvs: {}};
  const params = (smpp.commands[pdu.command] || {}).params || {};
  for (const [name, value] of Object.entries(pdu)) {
    if (['command', 'command_length', 'command_id', 'command_status', 'sequence_number'].includes(name)) {
      told[name] = value;
    } else if (name in params) {
      told.fields[name] = outward(name, value);
    } else {
      const tag = name in smpp.tlvs ? smpp.tlvs[name].id : name;
      told.tlvs[tag] = outward('', value);
    }
  }
  return told;
}

const all = fs.readFileSync(process.argv[2]);
const lines = [];
for (let at = 0; at < all.length;) {
  const size = all.readUInt32BE(at);
  try {
    lines.push(JSON.stringify(read(all.subarray(at, at + size))));
  } catch (error) {
    lines.push(JSON.stringify({error: String(error)}));
  }
  at += size;
}
process.stdout.write(lines.join('\n') + '\n');
