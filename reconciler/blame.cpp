#include "reconciler/blame.hpp"

#include <algorithm>
#include <utility>

namespace homeostat {

// One file on its way from a commit to its parents.
struct Blame::Step {
  const CommitNode& commit;
  const std::vector<CommitNode>& parents;  // those that are there
  bool whole;                              // all of them are
  const std::string& path;
  Group& group;
  std::vector<std::optional<ObjectId>> blobs = {};  // of the path in each parent
};

Blame::Group& Blame::group_at(const CommitNode& commit, const std::string& path,
                              const std::optional<ObjectId>& blob) {
  const auto [stop, added] = stops_.try_emplace(commit.id);
  if (added) {
    stop->second.commit = commit;
    order_.emplace(commit.time, commit.id);
  }
  Group& group = stop->second.groups[path];
  group.blob = blob;
  return group;
}

std::size_t Blame::ask(const std::vector<LinePlace>& lines, const std::vector<OnceThere>& gone,
                       const std::optional<ObjectId>& since) {
  const std::size_t id = questions_.size();
  questions_.emplace_back().since = since;
  if (since) ends_.insert(*since);
  std::size_t rank = 0;
  for (const LinePlace& place : lines) {
    const auto [known, added] = line_ids_.try_emplace(place, lines_.size());
    if (added) {
      lines_.push_back({place, {}});
      if (const auto blob = history_.entry(head_.tree, place.path)) {
        group_at(head_, place.path, blob).lines.push_back({place.line, known->second});
      }
    }
    auto& asking = lines_[known->second].questions;
    if (asking.empty() || asking.back().first != id) asking.emplace_back(id, rank);
    ++rank;
  }
  for (const OnceThere& once : gone) {
    follow(id, once, history_.entry(head_.tree, once.place.path));
  }
  questions_[id].open = !lines.empty() || !gone.empty();
  if (questions_[id].open) ++open_;
  return id;
}

bool Blame::head_has(const OnceThere& once) {
  return find(once, history_.entry(head_.tree, once.place.path)).has_value();
}

std::optional<LinePlace> Blame::rewritten(const OnceThere& once) {
  const auto blob = history_.entry(head_.tree, once.place.path);
  if (!blob || line_after(history_.hunks(once.blob, *blob), once.place.line)) return std::nullopt;
  const auto line = find(once, blob);
  return line ? std::optional(LinePlace{once.place.path, *line}) : std::nullopt;
}

void Blame::follow(std::size_t question, const OnceThere& once,
                   const std::optional<ObjectId>& blob) {
  group_at(head_, once.place.path, blob).gone.push_back(gone_.size());
  gone_.push_back({question, once, std::nullopt});
}

std::optional<int> Blame::find(const OnceThere& once, const std::optional<ObjectId>& blob) {
  if (!blob) return std::nullopt;
  const Hunks& hunks = history_.hunks(once.blob, *blob);
  if (const auto same = line_after(hunks, once.place.line)) return same;  // no text is needed
  return find_again(hunks, *history_.text(*blob), once.place.line, once.word);
}

bool Blame::is_new(const ObjectId& commit, const Question& question) {
  if (!question.since) return true;
  const auto [known, added] = is_new_.try_emplace({commit, *question.since});
  if (added) {
    // What is younger is not within, and to be sure of the rest costs a walk.
    const auto touched = history_.commit(commit);
    const auto since = history_.commit(*question.since);
    known->second = (touched && since && touched->time > since->time) ||
                    !history_.is_within(commit, *question.since);
  }
  return known->second;
}

void Blame::answer_with(std::size_t question, const Touch& touch, std::size_t rank) {
  Question& asked = questions_[question];
  if (!asked.open || !is_new(touch.commit, asked)) return;
  if (!asked.touch) answered_.push_back(question);
  if (asked.touch && asked.rank <= rank) return;
  asked.touch = touch;
  asked.rank = rank;
}

void Blame::close_answered() {
  for (const std::size_t question : answered_) questions_[question].open = false;
  open_ -= answered_.size();
  answered_.clear();
}

// Questions that are answered are forgotten on the way.
bool Blame::is_wanted(const Follower& follower) {
  auto& asking = lines_[follower.id].questions;
  while (!asking.empty() && !questions_[asking.back().first].open) asking.pop_back();
  return !asking.empty();
}

// Nothing from here on is new to those that asked for what came since.
void Blame::end_at(Stop& stop) {
  const auto ends = [this, &stop](std::size_t question) {
    return questions_[question].since == stop.commit.id;
  };
  for (auto& [path, group] : stop.groups) {
    for (const Follower& follower : group.lines) {
      std::erase_if(lines_[follower.id].questions,
                    [&ends](const auto& asking) { return ends(asking.first); });
    }
    std::erase_if(group.gone, [&](std::size_t id) { return ends(gone_[id].question); });
  }
}

void Blame::walk() {
  while (open_ > 0 && !order_.empty()) {
    const ObjectId next = order_.top().second;
    order_.pop();
    auto stop = stops_.extract(next);
    if (stop.empty()) continue;
    if (ends_.contains(next)) end_at(stop.mapped());
    go_back(stop.mapped());
    close_answered();
  }
  // Nowhere found in the parents of a merge: then the merge itself dropped it.
  for (const Gone& gone : gone_) {
    if (gone.merge) answer_with(gone.question, {*gone.merge, true, gone.once.place}, 0);
  }
}

void Blame::go_back(Stop& stop) {
  const CommitNode& commit = stop.commit;
  std::vector<CommitNode> parents;
  for (const ObjectId& id : commit.parents) {
    if (auto parent = history_.commit(id)) parents.push_back(std::move(*parent));
  }
  const bool whole = parents.size() == commit.parents.size();
  for (auto& [path, group] : stop.groups) {
    Step step{commit, parents, whole, path, group};
    for (const CommitNode& parent : parents) {
      const bool same = parent.tree == commit.tree;
      step.blobs.push_back(same ? group.blob : history_.entry(parent.tree, path));
    }
    follow_lines(step);
    follow_gone(step);
  }
}

void Blame::hand_on(const CommitNode& parent, const std::string& path,
                    const std::optional<ObjectId>& blob, std::vector<Follower> lines) {
  auto& there = group_at(parent, path, blob).lines;
  if (there.empty()) {
    there = std::move(lines);
  } else {
    there.insert(there.end(), lines.begin(), lines.end());
  }
}

// Hands on what `parent` has of the lines, under the name that the file has there; the rest is
// returned.
std::vector<Blame::Follower> Blame::follow_into(const CommitNode& parent, const std::string& path,
                                                const ObjectId& blob, const Step& step,
                                                const std::vector<Follower>& lines) {
  const Hunks& hunks = history_.hunks(blob, *step.group.blob);
  std::vector<Follower> kept;
  std::vector<Follower> rest;
  for (const Follower& follower : lines) {
    if (const auto before = line_before(hunks, follower.line)) {
      kept.push_back({*before, follower.id});
    } else {
      rest.push_back(follower);
    }
  }
  if (!kept.empty()) hand_on(parent, path, blob, std::move(kept));
  return rest;
}

void Blame::follow_lines(const Step& step) {
  auto& lines = step.group.lines;
  std::erase_if(lines, [this](const Follower& follower) { return !is_wanted(follower); });
  if (lines.empty()) return;
  const auto same = std::ranges::find(step.blobs, step.group.blob);
  if (same != step.blobs.end()) {
    const auto& parent = step.parents[static_cast<std::size_t>(same - step.blobs.begin())];
    hand_on(parent, step.path, step.group.blob, std::move(lines));
    return;
  }
  bool found = false;
  for (std::size_t i = 0; i < step.parents.size() && !lines.empty(); ++i) {
    if (!step.blobs[i]) continue;
    found = true;
    lines = follow_into(step.parents[i], step.path, *step.blobs[i], step, lines);
  }
  for (std::size_t i = 0; i < step.parents.size() && !found && !lines.empty(); ++i) {
    const CommitNode& parent = step.parents[i];
    const auto old_path = history_.renamed_from(parent.tree, step.commit.tree, step.path);
    const auto blob = old_path ? history_.entry(parent.tree, *old_path) : std::nullopt;
    if (blob) lines = follow_into(parent, *old_path, *blob, step, lines);
  }
  if (!step.whole) return;  // a parent that is not there may have had them
  for (const Follower& follower : lines) {
    const Line& line = lines_[follower.id];
    for (const auto& asking : line.questions) {
      answer_with(asking.first, {step.commit.id, false, line.asked}, asking.second);
    }
  }
}

void Blame::follow_gone(const Step& step) {
  for (const std::size_t id : step.group.gone) {
    if (!questions_[gone_[id].question].open) continue;
    std::vector<std::size_t> without;
    std::optional<std::pair<std::size_t, int>> had;  // which parent, and where
    for (std::size_t i = 0; i < step.parents.size(); ++i) {
      const bool same = step.blobs[i] == step.group.blob;
      const auto line = same ? std::nullopt : find(gone_[id].once, step.blobs[i]);
      if (!line) {
        without.push_back(i);
      } else if (!had) {
        had = {i, *line};
      }
    }
    if (had && without.empty()) {
      gone_in(step, id, had->first, had->second);
    } else if (had && !gone_[id].merge) {
      gone_[id].merge = step.commit.id;
    }
    for (const std::size_t i : without) {
      auto& gone = group_at(step.parents[i], step.path, step.blobs[i]).gone;
      if (std::ranges::find(gone, id) == gone.end()) gone.push_back(id);
    }
  }
}

void Blame::gone_in(const Step& step, std::size_t id, std::size_t parent, int line) {
  const CommitNode& before = step.parents[parent];
  const LinePlace place{step.path, line};
  if (!step.group.blob) {
    // The file went, but perhaps only its name did: then the line may have gone later.
    const auto path = history_.renamed_to(before.tree, step.commit.tree, step.path);
    const auto blob = path ? history_.entry(step.commit.tree, *path) : std::nullopt;
    const OnceThere here{place, *step.blobs[parent], gone_[id].once.word};
    if (const auto moved = find(here, blob)) {
      const OnceThere there{{*path, *moved}, *blob, here.word};
      if (!head_has(there)) {
        follow(gone_[id].question, there, history_.entry(head_.tree, *path));
      }
      return;
    }
  }
  answer_with(gone_[id].question, {step.commit.id, true, place}, 0);
}

}  // namespace homeostat
