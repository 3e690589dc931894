#include "reconciler/provenance.hpp"

#include <algorithm>
#include <utility>

#include "reconciler/past.hpp"
#include "reconciler/paths.hpp"
#include "reconciler/sources.hpp"
#include "reconciler/work_files.hpp"

namespace homeostat {
namespace {

bool is_from_git(Cause cause) {
  return cause == Cause::git || cause == Cause::both || cause == Cause::first_contact;
}

bool takes_away(Action action) { return action == Action::remove || action == Action::release; }

// One provenance to be filled in.
struct Job {
  std::optional<Provenance>* target = nullptr;
  std::size_t question = 0;
  std::optional<ObjectId> since;  // the agreed commit
  SourceRef place;                // said where no commit is found
  bool removed = false;
  std::vector<std::pair<LinePlace, SourceRef>> lines;  // as in the head, and as they stand now
  Sources sources;                                     // said where git did not move
};

// What a value or a resource was made of: the lines of now, and those that are gone. Of one thing
// the nearest place comes first.
struct Behind {
  std::vector<Origin> lines;
  std::vector<Places> places;
  std::optional<LinePlace> rewritten;  // in the head

  void add(const std::vector<Origin>& more) { lines.insert(lines.end(), more.begin(), more.end()); }
};

class Filler {
 public:
  Filler(const Spec& spec, const LedgerView& ledger, History& history, const CommitNode& head)
      : spec_(spec),
        ledger_(ledger),
        history_(history),
        head_(head),
        blame_(history, head),
        past_(spec, history, head),
        work_(spec, history, head, past_),
        forward_(spec) {}

  void ask(Change& change);
  void answer();

 private:
  void ask_behind(std::optional<Provenance>& target, const Behind& behind, Job job);
  void ask_standing(Change& change, const Owned* owned);
  void ask_field(const Change& change, FieldDiff& field, const Owned* owned);
  void ask_removed(Change& change, const Owned* owned);

  void add_value(Behind& behind, const Sources& sources, const std::optional<ObjectId>& at);
  void add_declaration(Behind& behind, const Change& change);
  void add_service(Behind& behind, const Change& change);
  void add_what_made_it(Behind& behind, const Change& change, const std::optional<ObjectId>& at);
  void add_names(Behind& behind, const Address& pointer, const nlohmann::json& names);
  [[nodiscard]] std::vector<OnceThere> lost(const Behind& behind);

  void finish(const Job& job);
  void say_without_commit(Provenance& found, const Job& job);
  Provenance from_commit(const ObjectId& commit) const;

  SourceRef place_of(const Origin& origin) const {
    return {spec_.files[origin.file], static_cast<int>(origin.line),
            static_cast<int>(origin.column)};
  }

  const Spec& spec_;
  const LedgerView& ledger_;
  History& history_;
  const CommitNode& head_;
  Blame blame_;
  Past past_;
  std::vector<Job> jobs_;
  WorkFiles work_;
  ForwardRecords forward_;
  std::map<std::uint32_t, std::vector<int>> keys_above_;  // by file
};

std::optional<ObjectId> agreed_commit(const Owned& owned, const FieldPath& path) {
  const auto found = std::ranges::lower_bound(owned.agreed, path, {}, &Agreed::path);
  if (found == owned.agreed.end() || found->path != path) return std::nullopt;
  return parse_object_id(found->commit);
}

void Filler::ask(Change& change) {
  const auto row = ledger_.owned.find(change.from ? *change.from : change.address);
  const Owned* owned = row == ledger_.owned.end() ? nullptr : &row->second;
  if (takes_away(change.action)) {
    if (is_from_git(change.cause) && !change.provenance) ask_removed(change, owned);
    return;
  }
  const bool stands = change.action == Action::create || change.action == Action::adopt ||
                      change.action == Action::rename;
  if (stands && is_from_git(change.cause) && !change.provenance) ask_standing(change, owned);
  for (FieldDiff& field : change.fields) {
    if (is_from_git(field.cause) && !field.provenance) ask_field(change, field, owned);
  }
}

void Filler::ask_standing(Change& change, const Owned* owned) {
  Job job;
  job.place = change.where;
  if (owned != nullptr) job.since = declared_commit(*owned);
  Behind behind;
  behind.lines = change.lines;
  if (change.service.empty()) {
    add_declaration(behind, change);
  } else {
    add_service(behind, change);
  }
  const auto declared = spec_.desired.find(change.address);
  if (declared == spec_.desired.end()) {
    for (const FieldDiff& field : change.fields) {
      if (field.path == "values") add_names(behind, change.address, field.desired);
    }
  } else {
    behind.add({declared->second.placed});
  }
  ask_behind(change.provenance, behind, std::move(job));
}

// The keys between a section and the declaration are a part of its name.
void Filler::add_declaration(Behind& behind, const Change& change) {
  if (behind.lines.empty() || behind.lines.front().line == 0) return;
  const Origin key = behind.lines.front();
  const auto [above, added] = keys_above_.try_emplace(key.file);
  const auto text = added ? work_.text(place_of(key).file) : nullptr;
  if (text) above->second = keys_above(*text);
  const auto key_above = [&lines = above->second](std::uint32_t line) {
    return line == 0 || line > lines.size() ? 0U : static_cast<std::uint32_t>(lines[line - 1]);
  };
  for (std::uint32_t line = key_above(key.line); key_above(line) != 0; line = key_above(line)) {
    behind.add({{key.file, line, 1}});
  }
  behind.add(lines_of_zone(spec_, change.address));
}

// Of what a service makes, its key tells the least: the lines below it that this one came from, and
// of a record those of its zone.
void Filler::add_service(Behind& behind, const Change& change) {
  if (behind.lines.empty()) return;
  const Origin key = behind.lines.front();
  const auto text = key.line > 0 ? work_.text(place_of(key).file) : nullptr;
  if (!text) return;
  const auto end = static_cast<std::uint32_t>(block_end(*text, static_cast<int>(key.line)));
  for (const FieldDiff& field : change.fields) {
    for (const Origin& line : field.lines) {
      if (line.file == key.file && line.line > key.line && line.line <= end) behind.add({line});
    }
  }
  behind.add(lines_of_zone(spec_, change.address));
}

// A PTR record comes, goes, or says something else, where the record that it leads back to does.
void Filler::add_names(Behind& behind, const Address& pointer, const nlohmann::json& names) {
  for (const auto& name : names) {
    if (!name.is_string()) continue;
    for (const Address& record : forward_.of(pointer.provider, name.get<std::string>())) {
      const auto row = ledger_.owned.find(record);
      add_value(behind, sources_of(spec_, record, "values"),
                row == ledger_.owned.end() ? std::nullopt : agreed_commit(row->second, "values"));
    }
  }
}

// `at`: the commit that the value was agreed on.
void Filler::add_value(Behind& behind, const Sources& sources, const std::optional<ObjectId>& at) {
  behind.add(sources.lines);
  for (const auto& [address, path] : sources.made_of) {
    const auto row = ledger_.owned.find(address);
    if (!at || row == ledger_.owned.end()) continue;
    for (Places& places : past_.field(address, row->second, path, *at)) {
      behind.places.push_back(std::move(places));
    }
  }
}

void Filler::ask_field(const Change& change, FieldDiff& field, const Owned* owned) {
  Job job;
  job.sources = sources_of(spec_, change.address, field.path);
  const bool is_declared = spec_.desired.contains(change.address);
  job.removed = is_declared ? !job.sources.stated && field.desired.is_null() : field.lines.empty();
  if (owned != nullptr) job.since = agreed_commit(*owned, field.path);
  Behind behind;
  add_value(behind, job.sources, job.since);
  if (job.removed) behind.lines.clear();
  if (!is_declared) {
    if (job.since) behind.places = past_.field(change.address, *owned, field.path, *job.since);
    if (!job.removed) behind.add(field.lines);
    if (field.path == "values") add_names(behind, change.address, field.desired);
  }
  job.place = behind.lines.empty() ? change.where : place_of(behind.lines.front());
  ask_behind(field.provenance, behind, std::move(job));
}

// What still stands did not take it away: then only what it was made from can tell, or its own line
// where that says something else by now.
void Filler::ask_removed(Change& change, const Owned* owned) {
  Job job;
  job.removed = true;
  job.place = owned != nullptr && owned->where.line > 0 ? owned->where : change.where;
  Behind behind;
  if (owned != nullptr) {
    job.since = declared_commit(*owned);
    Places places = past_.resource(change, *owned);
    const auto gone = std::ranges::find_if_not(
        places, [this](const OnceThere& once) { return blame_.head_has(once); });
    const bool stands = gone == places.end();
    behind.places = {stands ? std::move(places) : Places{*gone}};
    if (stands && !work_.removed_on_disk(behind.places.front())) {
      // Its word alone may stand: in `gg: { A: ... }` or `g: { CNAME: ... }` what `g` was is gone.
      const Places& places_now = behind.places.front();
      if (!places_now.empty()) behind.rewritten = blame_.rewritten(places_now.front());
      add_what_made_it(behind, change, job.since);
    }
  }
  ask_behind(change.provenance, behind, std::move(job));
}

// Its zone, another provider that it is on now, or what its value leads back to.
void Filler::add_what_made_it(Behind& behind, const Change& change,
                              const std::optional<ObjectId>& at) {
  const Address& address = change.address;
  behind.add(lines_of_zone(spec_, address));
  for (const char* name : {"points_to", "reverse", "on"}) {
    if (address.kind == "dns" && at) {
      behind.places.push_back(past_.zone_setting(address, name, *at));
    }
  }
  Address first = address;
  first.provider.clear();
  for (auto other = spec_.desired.lower_bound(first); other != spec_.desired.end(); ++other) {
    if (other->first.kind != first.kind || other->first.name != first.name) break;
    behind.add({other->second.placed});
  }
  add_names(behind, address, member(change.before, "values"));
}

// Where a nearer place still stands, it says the value, and those behind it said nothing.
std::vector<OnceThere> Filler::lost(const Behind& behind) {
  std::vector<OnceThere> gone;
  for (const Places& places : behind.places) {
    for (const OnceThere& once : places) {
      if (blame_.head_has(once)) break;
      gone.push_back(once);
    }
  }
  return gone;
}

// What is not committed is answered at once: nothing is newer.
void Filler::ask_behind(std::optional<Provenance>& target, const Behind& behind, Job job) {
  std::vector<LinePlace> places;
  for (const Origin& origin : behind.lines) {
    if (origin.line == 0) continue;
    const SourceRef now = place_of(origin);
    const auto line = work_.line_in_head(now);
    if (!line) {
      target.emplace().where = now;
      target->uncommitted = true;
      return;
    }
    places.push_back({past_.path_of(now.file), *line});
    job.lines.emplace_back(places.back(), now);
  }
  if (behind.rewritten) places.push_back(*behind.rewritten);
  for (const Places& each : behind.places) {
    if (const auto place = work_.removed_on_disk(each)) {
      target.emplace().where = *place;
      target->removed = true;
      target->uncommitted = true;
      return;
    }
  }
  job.target = &target;
  job.question = blame_.ask(places, lost(behind), job.since);
  jobs_.push_back(std::move(job));
}

void Filler::answer() {
  blame_.walk();
  for (const Job& job : jobs_) finish(job);
}

void Filler::finish(const Job& job) {
  Provenance& found = job.target->emplace();
  found.where = job.place;
  found.removed = job.removed;
  const auto& touch = blame_.answer(job.question);
  if (!touch) {
    say_without_commit(found, job);
    return;
  }
  found = from_commit(touch->commit);
  found.removed = touch->removed;
  found.where = {past_.file_of(touch->place.path), touch->place.line, 0};
  for (const auto& [in_head, now] : job.lines) {
    if (!touch->removed && in_head == touch->place) {
      found.where = now;
      break;
    }
  }
}

// No line that we know of was touched since. Then it is a secret or another resource that gives
// another value now; or something in the commits since that lines do not tell of (a zone, a network
// over several lines), of which none is named rather than a wrong one.
void Filler::say_without_commit(Provenance& found, const Job& job) {
  if (!job.since || !history_.is_within(*job.since, head_.id)) return;
  if (!job.sources.secrets.empty()) {
    found.secret = job.sources.secrets.front();
  } else if (!job.sources.targets.empty()) {
    found.target = job.sources.targets.front();
  } else if (*job.since == head_.id && spec_.revision.work_tree &&
             !spec_.revision.uncommitted.empty()) {
    found.uncommitted = true;
  } else {
    found.since = hex_of(*job.since);
  }
}

Provenance Filler::from_commit(const ObjectId& commit) const {
  const CommitWords words = history_.words(commit);
  Provenance provenance;
  provenance.commit = hex_of(commit);
  provenance.author = words.author;
  provenance.subject = words.subject;
  provenance.at = Time(std::chrono::seconds(words.authored));
  return provenance;
}

// Without history: the place alone; below a repository without a commit, all is uncommitted.
void fill_places(Change& change, const Spec& spec, const LedgerView& ledger) {
  const Revision& revision = spec.revision;
  const bool uncommitted = revision.work_tree && !revision.repo.empty() && revision.commit.empty();
  if (is_from_git(change.cause) && !change.provenance && change.action != Action::update &&
      change.action != Action::restart && change.action != Action::replace) {
    Provenance& provenance = change.provenance.emplace();
    provenance.where = change.where;
    provenance.removed = takes_away(change.action);
    provenance.uncommitted = uncommitted;
    const auto owned = ledger.owned.find(change.from.value_or(change.address));
    if (provenance.removed && owned != ledger.owned.end() && owned->second.where.line > 0) {
      provenance.where = owned->second.where;
    }
  }
  for (FieldDiff& field : change.fields) {
    if (!is_from_git(field.cause) || field.provenance || takes_away(change.action)) continue;
    Provenance& provenance = field.provenance.emplace();
    provenance.where = change.where;
    provenance.removed = field.lines.empty();
    provenance.uncommitted = uncommitted;
    if (!field.lines.empty()) {
      const Origin& origin = field.lines.front();
      provenance.where = {spec.files[origin.file], static_cast<int>(origin.line),
                          static_cast<int>(origin.column)};
    }
  }
}

}  // namespace

void fill_provenance(Plan& plan, const Spec& spec, const LedgerView& ledger) {
  const auto history = spec.revision.repo.empty() ? nullptr : History::open(spec.revision.repo);
  const auto id = parse_object_id(spec.revision.commit);
  const auto head = history && id ? history->commit(*id) : std::nullopt;
  if (head) {
    Filler filler(spec, ledger, *history, *head);
    for (Change& change : plan.changes) filler.ask(change);
    filler.answer();
  } else {
    for (Change& change : plan.changes) fill_places(change, spec, ledger);
  }
  // What goes, goes with all its fields.
  for (Change& change : plan.changes) {
    if (!takes_away(change.action)) continue;
    for (FieldDiff& field : change.fields) {
      if (is_from_git(field.cause)) field.provenance = change.provenance;
    }
  }
}

}  // namespace homeostat
