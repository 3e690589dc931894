#include "reconciler/provenance.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "reconciler/blame.hpp"
#include "reconciler/past.hpp"
#include "reconciler/paths.hpp"
#include "reconciler/sources.hpp"

namespace homeostat {
namespace {

bool is_from_git(Cause cause) {
  return cause == Cause::git || cause == Cause::both || cause == Cause::first_contact;
}

bool takes_away(Action action) { return action == Action::remove || action == Action::release; }

std::shared_ptr<const FileText> read_disk(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return nullptr;
  return std::make_shared<const FileText>(
      std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
}

// A file that differs from the commit which the work tree stands on.
struct WorkFile {
  std::shared_ptr<const FileText> disk;  // null: deleted
  std::optional<ObjectId> blob;          // nullopt: not in the commit
  Hunks hunks;                           // from the commit to the disk
};

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

class Filler {
 public:
  Filler(const Spec& spec, const LedgerView& ledger, History& history, const CommitNode& head)
      : spec_(spec),
        ledger_(ledger),
        history_(history),
        head_(head),
        blame_(history, head),
        past_(spec, history, head) {}

  void ask(Change& change);
  void answer();

 private:
  void ask_lines(std::optional<Provenance>& target, const std::vector<Origin>& lines,
                 const std::vector<OnceThere>& gone, Job job);
  void ask_standing(Change& change, const Owned* owned);
  void ask_field(const Change& change, FieldDiff& field, const Owned* owned);
  void ask_removed(Change& change, const Owned* owned);

  [[nodiscard]] std::vector<Origin> lines_behind(const Change& change, const FieldDiff& field,
                                                 const Sources& sources);
  void add_lines_of_service(std::vector<Origin>& lines, const Change& change);
  void add_lines_of_zone(std::vector<Origin>& lines, const Address& record);
  void add_lines_of_name(std::vector<Origin>& lines, const Change& pointer, std::string_view name);

  const WorkFile* work_file(const std::string& file);
  std::shared_ptr<const FileText> text_now(const std::string& file);
  std::optional<SourceRef> removed_on_disk(const std::vector<OnceThere>& gone);

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
  std::map<std::string, WorkFile> work_files_;
  // Provider and name -> the A and AAAA records of that name.
  std::optional<std::multimap<std::pair<std::string, std::string>, Address>> forward_;
};

std::optional<ObjectId> agreed_commit(const Owned& owned, const FieldPath& path) {
  const auto found = std::ranges::lower_bound(owned.agreed, path, {}, &Agreed::path);
  if (found == owned.agreed.end() || found->path != path) return std::nullopt;
  return parse_object_id(found->commit);
}

// Null where the file is as the commit has it.
const WorkFile* Filler::work_file(const std::string& file) {
  const Revision& revision = spec_.revision;
  if (!revision.work_tree || !revision.uncommitted.contains(file)) return nullptr;
  const auto [known, added] = work_files_.try_emplace(file);
  WorkFile& work = known->second;
  if (added) {
    work.disk = read_disk(spec_.folder + "/" + file);
    work.blob = history_.entry(head_.tree, past_.path_of(file));
    if (work.disk && work.blob) work.hunks = diff_lines(*history_.text(*work.blob), *work.disk);
  }
  return &work;
}

std::shared_ptr<const FileText> Filler::text_now(const std::string& file) {
  if (const WorkFile* work = work_file(file)) return work->disk;
  const auto blob = history_.entry(head_.tree, past_.path_of(file));
  return blob ? history_.text(*blob) : nullptr;
}

void Filler::ask(Change& change) {
  const auto row = ledger_.owned.find(change.from ? *change.from : change.address);
  const Owned* owned = row == ledger_.owned.end() ? nullptr : &row->second;
  if (takes_away(change.action)) {
    if (is_from_git(change.cause)) ask_removed(change, owned);
    return;
  }
  const bool stands = change.action == Action::create || change.action == Action::adopt ||
                      change.action == Action::rename;
  if (stands && is_from_git(change.cause)) ask_standing(change, owned);
  for (FieldDiff& field : change.fields) {
    if (is_from_git(field.cause)) ask_field(change, field, owned);
  }
}

void Filler::ask_standing(Change& change, const Owned* owned) {
  Job job;
  job.place = change.where;
  if (owned != nullptr) job.since = declared_commit(*owned);
  std::vector<Origin> lines = change.lines;
  if (!change.service.empty()) add_lines_of_service(lines, change);
  ask_lines(change.provenance, lines, {}, std::move(job));
}

// Of what a service makes, its key tells the least: the lines below it that this one came from, and
// of a record those of its zone.
void Filler::add_lines_of_service(std::vector<Origin>& lines, const Change& change) {
  if (lines.empty()) return;
  const Origin key = lines.front();
  const auto text = key.line > 0 ? text_now(place_of(key).file) : nullptr;
  if (!text) return;
  const auto end = static_cast<std::uint32_t>(block_end(*text, static_cast<int>(key.line)));
  for (const FieldDiff& field : change.fields) {
    for (const Origin& line : field.lines) {
      if (line.file == key.file && line.line > key.line && line.line <= end) lines.push_back(line);
    }
  }
  add_lines_of_zone(lines, change.address);
}

void Filler::add_lines_of_zone(std::vector<Origin>& lines, const Address& record) {
  if (record.kind != "dns") return;
  auto zone = spec_.zones.find(name_components(record.name).front());
  while (zone != spec_.zones.end()) {
    lines.push_back(zone->second.where);
    zone = spec_.zones.find(zone->second.reverse_of);
  }
}

// A PTR record goes, or says something else, where the record that it leads back to does.
void Filler::add_lines_of_name(std::vector<Origin>& lines, const Change& pointer,
                               std::string_view name) {
  if (!forward_) {
    forward_.emplace();
    for (const auto& [address, resource] : spec_.desired) {
      if (address.kind != "dns" ||
          !(address.name.ends_with("/A") || address.name.ends_with("/AAAA")))
        continue;
      forward_->emplace(std::pair(address.provider, domain_name(spec_, address)), address);
    }
  }
  const auto [first, last] =
      forward_->equal_range(std::pair(pointer.address.provider, std::string(name)));
  for (auto record = first; record != last; ++record) {
    const Sources sources = sources_of(spec_, record->second, "values");
    lines.insert(lines.end(), sources.lines.begin(), sources.lines.end());
  }
}

std::vector<Origin> Filler::lines_behind(const Change& change, const FieldDiff& field,
                                         const Sources& sources) {
  if (spec_.desired.contains(change.address)) return sources.lines;
  std::vector<Origin> lines = field.lines;  // of a PTR record
  if (field.path == "values") {
    for (const auto& name : field.desired) {
      if (name.is_string()) add_lines_of_name(lines, change, name.get_ref<const std::string&>());
    }
  }
  return lines;
}

void Filler::ask_field(const Change& change, FieldDiff& field, const Owned* owned) {
  Job job;
  job.sources = sources_of(spec_, change.address, field.path);
  const bool is_declared = spec_.desired.contains(change.address);
  job.removed = is_declared ? !job.sources.stated && field.desired.is_null() : field.lines.empty();
  std::vector<Origin> lines;
  if (!job.removed) lines = lines_behind(change, field, job.sources);
  job.place = lines.empty() ? change.where : place_of(lines.front());
  std::vector<OnceThere> gone;
  if (owned != nullptr) job.since = agreed_commit(*owned, field.path);
  if (job.since) gone = past_.field(change.address, *owned, field.path, job.since);
  ask_lines(field.provenance, lines, gone, std::move(job));
}

// What still stands did not take it away: then only what it was made from can tell.
void Filler::ask_removed(Change& change, const Owned* owned) {
  Job job;
  job.removed = true;
  job.place = owned != nullptr && owned->where.line > 0 ? owned->where : change.where;
  std::vector<OnceThere> gone;
  std::vector<Origin> lines;
  if (owned != nullptr) {
    job.since = declared_commit(*owned);
    gone = past_.resource(change, *owned);
    const bool stands =
        std::ranges::all_of(gone, [this](const OnceThere& once) { return blame_.head_has(once); });
    if (stands) {
      add_lines_of_zone(lines, change.address);
      for (const auto& name : member(change.before, "values")) {
        if (name.is_string()) add_lines_of_name(lines, change, name.get_ref<const std::string&>());
      }
    }
  }
  ask_lines(change.provenance, lines, gone, std::move(job));
}

// What is not committed is answered at once: nothing is newer.
void Filler::ask_lines(std::optional<Provenance>& target, const std::vector<Origin>& lines,
                       const std::vector<OnceThere>& gone, Job job) {
  std::vector<LinePlace> places;
  for (const Origin& origin : lines) {
    if (origin.line == 0) continue;
    const SourceRef now = place_of(origin);
    const WorkFile* work = work_file(now.file);
    const auto line = work == nullptr ? now.line
                      : work->blob    ? line_before(work->hunks, now.line)
                                      : std::nullopt;
    if (!line) {
      target.emplace().where = now;
      target->uncommitted = true;
      return;
    }
    places.push_back({past_.path_of(now.file), *line});
    job.lines.emplace_back(places.back(), now);
  }
  if (const auto place = removed_on_disk(gone)) {
    target.emplace().where = *place;
    target->removed = true;
    target->uncommitted = true;
    return;
  }
  job.target = &target;
  job.question = blame_.ask(places, gone, job.since);
  jobs_.push_back(std::move(job));
}

// Where the head has all of them, and the work tree does not.
std::optional<SourceRef> Filler::removed_on_disk(const std::vector<OnceThere>& gone) {
  for (const OnceThere& once : gone) {
    const std::string file = past_.file_of(once.place.path);
    const WorkFile* work = work_file(file);
    if (work == nullptr || !work->blob) return std::nullopt;
    const auto in_head = find_again(history_.hunks(once.blob, *work->blob),
                                    *history_.text(*work->blob), once.place.line, once.word);
    if (!in_head) return std::nullopt;
    if (!work->disk || !find_again(work->hunks, *work->disk, *in_head, once.word)) {
      return SourceRef{file, *in_head, 0};
    }
  }
  return std::nullopt;
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
  if (is_from_git(change.cause) && change.action != Action::update &&
      change.action != Action::restart && change.action != Action::replace) {
    Provenance& provenance = change.provenance.emplace();
    provenance.where = change.where;
    provenance.removed = takes_away(change.action);
    provenance.uncommitted = uncommitted;
    const auto owned = ledger.owned.find(change.address);
    if (provenance.removed && owned != ledger.owned.end() && owned->second.where.line > 0) {
      provenance.where = owned->second.where;
    }
  }
  for (FieldDiff& field : change.fields) {
    if (!is_from_git(field.cause) || takes_away(change.action)) continue;
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
