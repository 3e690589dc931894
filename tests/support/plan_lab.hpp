// A plan put together by hand, providers in memory to walk it, and what came of it as lines.
#pragma once

#include <deque>

#include "reconciler/execute.hpp"
#include "tests/support/fake_provider.hpp"

namespace homeostat {

struct PlanLab {
  Spec spec;
  Providers providers;
  CallLog log;
  Planned planned;
  SecretValues secrets;
  std::deque<LiveResource> live;  // never moves: the plan points into it
  std::stop_source stop;
  std::stop_source cancel;
  std::vector<std::string> progress;  // "started container/a", "finished container/a"
  std::vector<std::chrono::milliseconds> pauses;
  std::mutex pauses_mutex;

  PlanLab();
  FakeProvider& add(const std::string& name, int max_in_flight = 4);

  // "container/web@pve" -> with the site
  static Address address(const std::string& text);
  Resource& want(const std::string& text, Attributes attributes);
  // Exists, is ours (unless `marker` is false), and the plan knows it.
  LiveResource& have(const std::string& text, Attributes attributes, bool marker = true);
  // Differences at `paths`; native_id and before come from what is live.
  Change& change(Action action, const std::string& text, const std::vector<std::string>& paths = {},
                 const std::vector<std::string>& needs = {});
  // A create with nothing special about it.
  Change& create(const std::string& text, const std::vector<std::string>& needs = {});

  ExecuteInput input();
  std::vector<Outcome> run(bool by_service = false);
  std::vector<Outcome> run(const ExecuteInput& input);
};

// "done container/a", "failed container/b: no answer", in order of completion.
[[nodiscard]] std::vector<std::string> lines(const std::vector<Outcome>& outcomes);

}  // namespace homeostat
