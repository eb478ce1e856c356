#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Net::SMPP as a customer: binds, submits, takes receipts and a message from a handset, queries, unbinds.
# Prints one JSON object of what it saw; perl_customer_test.py judges it.
#
# usage: perl_customer.pl PORT COUNT
use strict;
use warnings;
use JSON::PP;
use Net::SMPP;

my ($port, $count) = @ARGV;
my (%seen, @receipts, @inbound);
$| = 1;
local $SIG{ALRM} = sub { die "Net::SMPP waited in vain; so far: " . encode_json(\%seen) . "\n" };
alarm 100;

sub connected {
  my ($how, @more) = @_;
  my %arguments = (port => $port, smpp_version => 0x34, interface_version => 0x34, system_id => 'demo',
                   password => 'demo', system_type => '', addr_ton => 0, addr_npi => 0, @more);
  my ($smpp, $answer) = Net::SMPP->$how('127.0.0.1', %arguments);
  die "$how: no connection: $!" unless $smpp;
  return ($smpp, $answer);
}

# Everything that is ours to answer while we wait for something else.
sub take {
  my ($smpp, $pdu) = @_;
  if ($pdu->{cmd} == Net::SMPP::CMD_enquire_link) {
    $smpp->enquire_link_resp(seq => $pdu->{seq});
  } elsif ($pdu->{cmd} == Net::SMPP::CMD_deliver_sm) {
    my %fields = map { $_ => $pdu->{$_} } grep { defined $pdu->{$_} }
      qw(esm_class source_addr destination_addr data_coding short_message message_state receipted_message_id);
    push @{$pdu->{esm_class} & 0x3C ? \@receipts : \@inbound}, \%fields;
    $smpp->deliver_sm_resp(message_id => '', seq => $pdu->{seq});
  }
}

sub answer_to {
  my ($smpp, $command, $seq) = @_;
  while (my $pdu = $smpp->read_pdu()) {
    return $pdu if $pdu->{cmd} == ($command | 0x80000000) && $pdu->{seq} == $seq;
    take($smpp, $pdu);
  }
  die "the connection ended while we waited for an answer\n";
}

my ($refused, $no) = connected('new_transceiver', password => 'wrong');
$seen{refused} = {status => $no->{status}, cmd => $no->{cmd}};
$seen{closed} = defined $refused->read_pdu() ? 0 : 1;

my ($transmitter, $bound) = connected('new_transmitter');
$seen{transmitter} = {status => $bound->{status}, system_id => $bound->{system_id}};
my ($receiver, $bound_too) = connected('new_receiver');
$seen{receiver} = {status => $bound_too->{status}, system_id => $bound_too->{system_id}};
$_->unbind() for $transmitter, $receiver;

my ($smpp, $trx) = connected('new_transceiver', async => 0);
$seen{transceiver} = {status => $trx->{status}, version => ord($trx->{sc_interface_version} // "\0")};

my %at = (source_addr_ton => 5, source_addr_npi => 0, source_addr => 'Aldis');
my (@seqs, @ids);
for my $i (0 .. $count - 1) {
  push @seqs, $smpp->submit_sm(%at, dest_addr_ton => 1, dest_addr_npi => 1,
                               destination_addr => "44770030000$i", registered_delivery => 1,
                               short_message => "perl $i", async => 1);
}
for my $seq (@seqs) {
  my $answer = answer_to($smpp, Net::SMPP::CMD_submit_sm, $seq);
  push @{$seen{statuses}}, $answer->{status};
  push @ids, $answer->{message_id};
}
my $late = answer_to($smpp, Net::SMPP::CMD_submit_sm, $smpp->submit_sm(
  %at, destination_addr => '447700300099', registered_delivery => 0,
  schedule_delivery_time => '000000010000000R', short_message => 'tomorrow', async => 1));
my $query = answer_to($smpp, Net::SMPP::CMD_query_sm, $smpp->query_sm(
  %at, message_id => $late->{message_id}, async => 1));
$seen{query} = {status => $query->{status}, same => $query->{message_id} eq $late->{message_id} ? 1 : 0,
                state => $query->{message_state}, final_date => $query->{final_date}};
my $cancel = answer_to($smpp, Net::SMPP::CMD_cancel_sm, $smpp->cancel_sm(
  %at, message_id => $late->{message_id}, destination_addr => '447700300099', async => 1));
$seen{cancel} = $cancel->{status};
my $alive = answer_to($smpp, Net::SMPP::CMD_enquire_link, $smpp->enquire_link(async => 1));
$seen{enquire_link} = $alive->{status};

while (@receipts < $count || !@inbound) {
  my $pdu = $smpp->read_pdu() or die "the connection ended before all receipts were here\n";
  take($smpp, $pdu);
}
$seen{unbind} = answer_to($smpp, Net::SMPP::CMD_unbind, $smpp->unbind(async => 1))->{status};
print encode_json({%seen, ids => \@ids, receipts => \@receipts, inbound => \@inbound}), "\n";
