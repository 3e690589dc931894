// What is played on every bench.
#include <fmt/format.h>

#include <algorithm>

#include "reconciler/contract/story.hpp"

namespace homeostat::contract {
namespace {

using Lines = std::vector<std::string>;

// Another value of each field that a spec may state: field -> YAML.
Fields other_values(const Sample& sample, const ProviderKindSchema* extra) {
  Fields others;
  for (const FieldSchema& field : find_kind(kind_of(sample.name))->fields) {
    if (field.read_only) continue;
    const bool unsupported = extra != nullptr && std::count(extra->unsupported.begin(),
                                                            extra->unsupported.end(), field.name);
    if (!unsupported) others[field.name] = field.example;
  }
  for (const auto& [field, value] : sample.others) others[field] = value;
  std::erase_if(others, [](const auto& entry) { return entry.second.empty(); });
  return others;
}

Fields another(const Sample& sample) {
  const std::string first = sample.fields.begin()->first;
  const Fields others = other_values(sample, nullptr);
  for (const auto& [field, value] : sample.fields) {
    const auto other = others.find(field);
    if (other != others.end()) return {*other};
  }
  return {{first, others.at(first)}};
}

Told cannot(const Story& story, const std::string& why) { return {story.complaints(), why}; }

Told creates(Bench& bench, const Sample& sample) {
  Story story(bench, sample);
  story.declare(1);
  story.declare(2);
  story.expect_plan({"create " + story.name(1), "create " + story.name(2)}, "with two new things");
  story.expect(bench.count() == 0, "a plan made something");
  story.settle("with two new things");
  story.expect(!bench.peek(story.name(1)).empty(), "what was created is not there");
  story.expect(bench.count() == 2, "there are not two things after two were created");
  return {story.complaints()};
}

Told changes_each_field(Bench& bench, const Sample& sample) {
  Story story(bench, sample);
  story.declare(1);
  story.settle("with a new thing");
  const auto round = story.look();
  if (!round) return {story.complaints()};
  const ProviderInfo& info = *round->infos.begin()->second;
  const auto extra = info.schema.kinds.find(kind_of(sample.name));
  if (extra == info.schema.kinds.end()) return {{"the provider does not manage this kind"}};
  for (const auto& [field, value] : other_values(sample, &extra->second)) {
    const std::string before = bench.peek(story.name(1));
    story.declare(1, {{field, value}});
    const Lines lines = story.plan();
    story.expect(lines.size() == 1 && lines.front().ends_with(' ' + story.name(1)),
                 fmt::format("with another {}, the plan is {}", field, joined(lines)));
    story.settle("with another " + field);
    story.expect(bench.peek(story.name(1)) != before,
                 fmt::format("nothing happened when {} was changed to {}", field, value));
    story.expect(bench.count() == 1, "there is not one thing any more, after a change of " + field);
  }
  return {story.complaints()};
}

Told repairs(Bench& bench, const Sample& sample) {
  Story story(bench, sample);
  story.declare(1);
  story.declare(2);
  story.settle("with two new things");
  const std::string before = bench.peek(story.name(1));
  bench.disturb(sample, 1);
  story.expect(bench.peek(story.name(1)) != before, "the bench did not change anything by hand");
  const Lines lines = story.plan();
  story.expect(lines.size() == 1 && lines.front().ends_with(story.name(1)),
               "after a change by hand, the plan is " + joined(lines));
  story.settle("after a change by hand");
  bench.drop(story.name(2));
  story.expect_plan({"create " + story.name(2)}, "after one was removed by hand");
  story.settle("after one was removed by hand");
  story.expect(bench.count() == 2, "there are not two things after a repair");
  return {story.complaints()};
}

Told adopts(Bench& bench, const Sample& sample) {
  Story story(bench, sample);
  bench.plant(sample, 1, true);
  bench.plant(sample, 2, false);
  story.declare(1);
  story.declare(2);
  const std::string one = bench.peek(story.name(1));
  const std::string two = bench.peek(story.name(2));
  story.expect_plan({"adopt " + story.name(1) + " quiet", "adopt " + story.name(2) + " held"},
                    "with two things that were there before");
  const Lines trouble = story.apply();
  story.expect(trouble.empty(), "adopting says: " + joined(trouble));
  story.expect(bench.peek(story.name(1)) == one, "adopting wrote to what it adopted");
  story.expect(bench.peek(story.name(2)) == two, "what differs was changed without a word");
  story.options.adopt = {"*"};
  story.settle("with leave to adopt");
  story.expect(bench.peek(story.name(2)) != two, "--adopt changed nothing");
  story.declare(1, another(sample));
  story.settle("after a change of what was adopted");
  story.expect(bench.count() == 2, "there are not two things after two were adopted");
  return {story.complaints()};
}

Told renames(Bench& bench, const Sample& sample) {
  Story story(bench, sample);
  story.declare(1);
  story.settle("with a new thing");
  std::string head = story.head();
  const Sample renamed = bench.rename(sample, head);
  if (!bench.marks()) return cannot(story, "there is no place for a marker");
  if (renamed.name.empty()) return cannot(story, "a thing has no other name than its own");
  story.rename(renamed, head);
  story.declare(1);
  story.expect_plan({"rename " + story.name(1)}, "under another name");
  story.settle("under another name");
  story.expect(bench.count() == 1, "a rename made or removed something");
  story.declare(1, another(renamed));
  story.settle("after a change of what was renamed");
  story.undeclare(1);
  story.expect_plan({"delete " + story.name(1)}, "without what was renamed");
  return {story.complaints()};
}

Told leaves_others_alone(Bench& bench, const Sample& sample) {
  Story story(bench, sample);
  bench.plant(sample, 9, true);
  const std::string theirs = bench.peek(story.name(9));
  story.declare(1);
  story.declare(2);
  story.settle("beside something of others");
  story.declare(1, another(sample));
  story.settle("after a change beside something of others");
  story.undeclare(2);
  story.settle("after a delete beside something of others");
  story.expect(bench.peek(story.name(9)) == theirs, "something of others was touched");
  story.expect(bench.count() == 2, "there is not one thing of ours and one of others");
  return {story.complaints()};
}

Told knows_copies(Bench& bench, const Sample& sample) {
  Story story(bench, sample);
  story.declare(1);
  story.declare(2);
  story.settle("with two new things");
  if (!bench.copy(story.name(1), story.name(7)))
    return cannot(story, "nobody here can make a copy");
  const std::string copy = bench.peek(story.name(7));
  story.expect(!copy.empty(), "the bench made no copy");
  story.expect_plan({}, "with a copy beside");
  story.undeclare(1);
  story.settle("without the original");
  story.expect(bench.peek(story.name(1)).empty(), "the original was not removed");
  story.expect(bench.peek(story.name(7)) == copy, "the copy was touched");
  return {story.complaints()};
}

Told deletes(Bench& bench, const Sample& sample) {
  Story story(bench, sample);
  story.declare(1);
  story.declare(2);
  story.settle("with two new things");
  const std::string other = bench.peek(story.name(2));
  story.undeclare(1);
  story.expect_plan({"delete " + story.name(1)}, "without one of them");
  story.settle("without one of them");
  story.expect(bench.peek(story.name(1)).empty(), "what was deleted is there still");
  story.expect(bench.peek(story.name(2)) == other, "a delete changed something else");
  return {story.complaints()};
}

// Two plans are made, and both are carried out: the second one is what comes after a lost answer.
void twice(Story& story, const std::string& when) {
  auto first = story.look();
  auto second = story.look();
  if (!first || !second) return;
  const Lines once = story.carry_out(*first);
  story.expect(once.empty(), fmt::format("{}: {}", when, joined(once)));
  const Lines again = story.carry_out(*second);
  const bool may_fail = !story.bench.marks() && when == "creating";
  story.expect(again.empty() || may_fail,
               fmt::format("{}, a second time: {}", when, joined(again)));
  story.expect_plan({}, when + ", twice");
}

Told takes_each_step_twice(Bench& bench, const Sample& sample) {
  Story story(bench, sample);
  story.declare(1);
  story.declare(2);
  twice(story, "creating");
  story.expect(bench.count() == 2, "a create that came twice made more than one thing");
  story.declare(1, another(sample));
  twice(story, "changing");
  story.undeclare(1);
  twice(story, "deleting");
  story.expect(bench.count() == 1, "a delete that came twice did not leave the other one");
  return {story.complaints()};
}

}  // namespace

std::vector<Chapter> chapters() {
  return {{"what is declared comes to be, and then there is nothing to do", creates},
          {"each field of the kind can be changed", changes_each_field},
          {"what is changed or removed by hand is put right", repairs},
          {"what was there before is taken over", adopts},
          {"a thing under another name is the same thing", renames},
          {"what others have made is not touched", leaves_others_alone},
          {"a copy of a thing is not that thing", knows_copies},
          {"what is declared no longer goes, and nothing else", deletes},
          {"each step may come twice", takes_each_step_twice}};
}

}  // namespace homeostat::contract
