// The contract of a provider, told as a story.
//
// You have written a provider, and want to know whether the rest of Homeostat can count on it. Give
// us a Bench: a place of yours where nothing is lost, and a way to look at it and to change things
// there behind Homeostat's back. Then we live with your provider for a while:
//
//   First all is well. We declare a thing and it comes to be; we read it back and have nothing more
//   to do. We change each field of its kind, one by one, and it follows. Somebody changes it by
//   hand and we put it right; somebody removes it and we make it again. We find things that were
//   there before us and take them over without touching them. We call a thing by another name and
//   nothing happens to it. What is not ours we do not touch. A copy of ours is not ours. Every
//   write comes twice, as it does when the first answer is lost.
//
//   Then things go wrong: refusals, errors, gateways that answer in HTML, answers that break off,
//   peers that say nothing, or too much, writes that are done and reported as failed, and writes
//   that are reported as done. While it lasts we may fail to do what we should. Afterwards
//   everything is as declared, nothing is there twice, and nothing was deleted that should not be.
//
// What counts is what comes of a plan: everything goes through reconciler/reconcile.hpp, with a
// ledger, as in `homeostat apply`. tests/contract/files_bench.cpp is the simplest Bench to read,
// tests/contract/pdns_bench.cpp one with a real server behind a wire that we can cut.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/fault_proxy.hpp"

namespace homeostat::contract {

using Fields = std::map<std::string, std::string>;  // field -> its value in YAML

// A thing as the spec declares it. A `#` in name and values becomes a number: things of one sample
// differ by it.
struct Sample {
  std::string name;  // as in an address: "dns/lab/story#/A"
  Fields fields;
  // Another value of fields, where the example of the kind's own table would not do. "" leaves a
  // field out of the story; say why in a comment.
  Fields others = {};
};

class Bench {
 public:
  virtual ~Bench() = default;
  // A place with nothing in it, for one chapter. The head of a spec: `providers:` with one
  // instance, and what the samples refer to (zones, networks, secrets), in YAML. Where there is a
  // wire, `timeout` ("5m") is what one call over it may take.
  virtual std::string open(const std::string& timeout) = 0;
  virtual std::vector<Sample> samples() const = 0;

  // --- from outside; `name` as in an address, with its number in it
  // What is there under that name, marker included, as any text that changes when it does.
  // "" = nothing.
  virtual std::string peek(const std::string& name) = 0;
  // How many things of the samples' kinds there are, whosever they are.
  virtual std::size_t count() = 0;
  // Somebody makes a thing by hand: like the sample, or not quite.
  virtual void plant(const Sample& sample, int number, bool like_the_sample) = 0;
  // Somebody changes a value by hand. The marker stays.
  virtual void disturb(const Sample& sample, int number) = 0;
  virtual void drop(const std::string& name) = 0;
  // Somebody copies a thing, marker and all. False: nobody can.
  virtual bool copy(const std::string& from, const std::string& to) = 0;

  // Whether there is a place for a marker. Without one only the ledger knows what is ours: a thing
  // has no other name than its own then, and a create that comes twice may be refused.
  [[nodiscard]] virtual bool marks() const { return true; }
  // The same thing under another name in the spec: returns the new sample, and changes the head of
  // the spec where it has to. An empty name: a thing has no other name than its own.
  virtual Sample rename(const Sample& sample, std::string& head) const = 0;

  // The wire to the server, so that we can cut it; nullptr: there is none.
  virtual test::FaultProxy* wire() { return nullptr; }
  // Whether a call only looks, by its method.
  virtual bool only_looks(const std::string& method) const { return method == "GET"; }
  // What a server that lies says to a write: that all went well.
  virtual test::WireFault lie() const { return {test::WireFault::Kind::answer, 204, {}, {}}; }
};

// One chapter: what went wrong in it, in sentences; empty where all is as it should be.
using Complaints = std::vector<std::string>;
struct Chapter {
  std::string title;
  std::function<Complaints(Bench&, const Sample&)> play;
};

[[nodiscard]] std::vector<Chapter> good_days();  // for every provider
[[nodiscard]] std::vector<Chapter> bad_days();   // for those with a wire

}  // namespace homeostat::contract
