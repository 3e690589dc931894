#include "tests/reconciler/story.hpp"

#include "reconciler/report/report.hpp"
#include "tests/support/golden.hpp"

namespace homeostat::testing {
namespace {

void replace_once(std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, std::string(from));
  text.replace(at, from.size(), to);
}

std::string commit_hash(const std::string& start) { return start + std::string(33, '0'); }

}  // namespace

std::string small_lab() {
  return R"(containers:
  web: { vmid: 110, network: lab, template: debian-12, cores: 2, memory: 2GiB }
  db: { vmid: 111, network: lab, template: debian-12, cores: 2, memory: 4GiB }
dns:
  lab:
    web: 10.5.0.110
    db: 10.5.0.111
    www: { CNAME: web }
proxy_hosts:
  wiki:
    domains: [wiki.example.org]
    forward_host: 10.5.0.110
    forward_port: 3000
    force_https: true
monitors:
  wiki: { type: http, target: "http://10.5.0.110:3000/", interval: 60s }
)";
}

Time november(int day, int hour, int minute, int second) {
  using namespace std::chrono;
  return sys_days(year{2026} / 11 / day) + hours(hour) + minutes(minute) + seconds(second);
}

Story::Story(std::string_view resources) : Story(standard_head(), resources, Past::settled) {}

Story::Story(std::string_view head, std::string_view resources)
    : Story(head, resources, Past::settled) {}

Story Story::from_nothing(std::string_view resources) {
  return from_nothing(standard_head(), resources);
}

Story Story::from_nothing(std::string_view head, std::string_view resources) {
  return Story(head, resources, Past::none);
}

Story::Story(std::string_view head, std::string_view resources, Past past)
    : head_(head), text_(resources) {
  s.observed.scopes.clear();
  revision_.repo = "/repo";
  revision_.branch = "main";
  revision_.commit = commit_hash(past == Past::settled ? "1d0c7e2" : "3f2a91c");
  load();
  be_at(november(19, 9, 0));
  if (past == Past::settled) s.settle();
}

void Story::load() {
  s.commit_files({{"homeostat.yaml", head_}, {"lab.yaml", text_}});
  s.spec.revision = revision_;
}

void Story::be_at(Time time) {
  s.now = time;
  for (auto& [scope, state] : s.observed.scopes) state.at = time;
}

Story& Story::edit(std::string_view from, std::string_view to) {
  std::string text = text_;
  replace_once(text, from, to);
  return commit(text);
}

Story& Story::edit_head(std::string_view from, std::string_view to) {
  replace_once(head_, from, to);
  return commit(text_);
}

Story& Story::commit(std::string_view resources) {
  text_ = resources;
  revision_.commit = commit_hash("3f2a91c");
  load();
  return *this;
}

Story& Story::swap_addresses() {
  return edit(
      "  web: { vmid: 110, network: lab, template: debian-12, cores: 2, memory: 2GiB }\n"
      "  db: { vmid: 111,",
      "  web: { vmid: 110, ip: 10.5.0.111, network: lab, template: debian-12, cores: 2, "
      "memory: 2GiB }\n"
      "  db: { vmid: 111, ip: 10.5.0.110,");
}

Story& Story::uncommitted() {
  revision_.commit = commit_hash("1d0c7e2");
  revision_.work_tree = true;
  revision_.uncommitted = {"lab.yaml"};
  s.spec.revision = revision_;
  return *this;
}

Story& Story::without_git() {
  revision_ = Revision();
  revision_.work_tree = true;
  s.spec.revision = revision_;
  return *this;
}

Story& Story::by_hand(std::string_view address, const std::string& field, nlohmann::json value) {
  s.at(address).attributes[field] = std::move(value);
  return *this;
}

Story& Story::seen_since(std::string_view address, const std::string& field, Time since,
                         const std::string& by) {
  s.row(address).drift.push_back(OpenDrift{field, since, by});
  return *this;
}

Story& Story::undo(const std::vector<ChangeRecord>& changes) {
  RunHistory history;
  history.run.id = 12;
  history.changes = changes;
  for (ChangeRecord& change : history.changes) change.outcome = "done";
  s.ledger.suspended = undo_of(history, s.spec).suspensions;
  suspend(s.spec, s.ledger);
  return *this;
}

// What walking the history would find: all that git changed was changed by the newest commit.
void Story::blame(Plan& plan) const {
  const auto made = [&](const SourceRef& where, bool removed) {
    Provenance out;
    out.where = where;
    out.removed = removed;
    out.uncommitted = !revision_.uncommitted.empty();
    if (out.uncommitted || revision_.commit.empty()) return out;
    out.commit = revision_.commit;
    out.author = "Ana";
    out.subject = "Say what is wanted";
    out.at = november(20, 13, 58);
    return out;
  };
  const auto by_git = [](Cause cause) {
    return cause == Cause::git || cause == Cause::both || cause == Cause::first_contact;
  };
  for (Change& change : plan.changes) {
    const bool gone = change.action == Action::remove || change.action == Action::release;
    if (by_git(change.cause) && !change.provenance) change.provenance = made(change.where, gone);
    for (FieldDiff& field : change.fields) {
      if (!by_git(field.cause) || field.provenance) continue;
      const bool written = !field.lines.empty();
      field.provenance =
          made(written ? source_ref(field.lines.front(), s.spec.files) : change.where, !written);
    }
  }
}

Plan Story::plan() {
  if (!offline) be_at(november(20, 14, 2, 11));
  Plan out = s.plan().plan;
  out.offline = offline;
  out.connections = connections;
  say_undone(out, s.spec, s.ledger.suspended);
  blame(out);
  return out;
}

void Story::show(const std::string& name, bool verbose) {
  const Plan plan = this->plan();
  TextStyle style;
  style.verbose = verbose;
  check_golden(name + "/plan.txt", render_text(plan, s.spec, style));
  check_golden(name + "/plan.json", render_json(plan, s.spec).dump(2) + "\n");
  check_golden(name + "/plan.md", render_markdown(plan, s.spec));
  if (drift_exit_code(plan) == 2) {
    check_golden(name + "/drift.txt", render_drift_text(plan, s.spec, style));
  }
}

}  // namespace homeostat::testing
