// The contract of a provider, told as a story.
//
// You have written a provider, and want to know whether the rest of Homeostat can count on it. Give
// us a Bench: a place where nothing is lost, and a way to look at it and to change things there
// behind Homeostat's back. Then we live with your provider for a while:
//
//   We declare a thing and it comes to be; we read it back and have nothing more to do. We change
//   each field of its kind, one by one, and it follows. Somebody changes it by hand and we put it
//   right; somebody removes it and we make it again. We find things that were there before us and
//   take them over without touching them. We call a thing by another name and nothing happens to
//   it. What is not ours we do not touch. A copy of ours is not ours. Every write comes twice, as
//   it does when the first answer is lost.
//
// What counts is what comes of a plan: everything goes through reconciler/reconcile.hpp, with a
// ledger, as in `homeostat apply`.
//
// The same chapters are played twice. `homeostat provider check` plays them on a configured scope
// (provider_bench.hpp): there somebody else is the provider itself, without a ledger. The tests
// play them on benches that reach the server by other ways, and then make things go wrong
// (tests/contract/bad_days.hpp).
#pragma once

#include <functional>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "reconciler/reconcile.hpp"

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
  // instance, and what the samples refer to (zones, networks, secrets), in YAML.
  virtual std::string open() = 0;
  // A spec below such a head. All that it connects to is trusted, unless a bench knows better.
  virtual tl::expected<Judged, Errors> read(const std::string& text) const;
  // Once this is asked for, nothing more is begun; what is in flight ends, until `cancel`.
  [[nodiscard]] virtual std::stop_token stop() const { return {}; }
  [[nodiscard]] virtual std::stop_token cancel() const { return {}; }
  // The waits between tries; those of a bench of the tests take no time.
  [[nodiscard]] virtual Timing timing() { return {}; }

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
};

using Complaints = std::vector<std::string>;  // what went wrong, in sentences
struct Told {
  Complaints complaints;    // empty where all is as it should be
  std::string cannot = {};  // why the chapter cannot be played on this bench; "": it was
};
struct Chapter {
  std::string title;
  std::function<Told(Bench&, const Sample&)> play;
};

// In this order: what comes later stands on what came before.
[[nodiscard]] std::vector<Chapter> chapters();

// A text as a spec without files, for the provider types of this binary (or these).
[[nodiscard]] tl::expected<Spec, Errors> load_text(const std::string& text);
[[nodiscard]] tl::expected<Spec, Errors> load_text(const std::string& text,
                                                   std::span<const ProviderSchema> types);
// A whole spec: the head, and things of one sample by their number.
[[nodiscard]] std::string spec_text(const std::string& head, const Sample& sample,
                                    const std::map<int, Fields>& things);

// With each # as the number.
[[nodiscard]] std::string numbered(std::string text, int number);
// "a, b", or "nothing"
[[nodiscard]] std::string joined(const std::vector<std::string>& lines);
// "dns" of "dns/lab/www/A".
[[nodiscard]] std::string kind_of(const std::string& name);

}  // namespace homeostat::contract
