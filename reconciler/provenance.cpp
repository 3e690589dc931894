#include "reconciler/provenance.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "reconciler/blame.hpp"

namespace homeostat {
namespace {

bool is_from_git(Cause cause) {
  return cause == Cause::git || cause == Cause::both || cause == Cause::first_contact;
}

bool takes_away(Action action) { return action == Action::remove || action == Action::release; }

// The last component of a path, as it is written in YAML.
std::string key_of(const FieldPath& path) {
  return decode_component(std::string_view(path).substr(path.rfind('/') + 1));
}

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

// A declaration as it stood when it was last seen.
struct Declaration {
  std::string path;
  ObjectId blob = {};
  std::shared_ptr<const FileText> file;
  int line = 0;
};

// One provenance to be filled in.
struct Job {
  std::optional<Provenance>* target = nullptr;
  std::size_t question = 0;
  std::optional<ObjectId> since;  // the agreed commit
  SourceRef place;                // said where no commit is found
  bool removed = false;
  std::vector<std::pair<LinePlace, SourceRef>> lines;  // as in the head, and as they stand now
};

class Filler {
 public:
  Filler(const Spec& spec, const LedgerView& ledger, History& history, const CommitNode& head)
      : spec_(spec), ledger_(ledger), history_(history), head_(head), blame_(history, head) {}

  void ask(Change& change);
  void answer();

 private:
  void ask_lines(std::optional<Provenance>& target, const std::vector<Origin>& lines,
                 const std::vector<OnceThere>& gone, Job job);
  void ask_field(const Change& change, FieldDiff& field, const Owned* owned);
  void ask_removed(Change& change, const Owned* owned);

  const WorkFile* work_file(const std::string& file);
  std::optional<SourceRef> removed_on_disk(const std::vector<OnceThere>& gone);
  std::optional<Declaration> declaration(const Owned& owned, const std::optional<ObjectId>& at);
  std::optional<Declaration> declaration_in(const ObjectId& commit, const SourceRef& where);

  void finish(const Job& job);
  Provenance from_commit(const ObjectId& commit) const;
  bool is_after(const ObjectId& commit, const ObjectId& since) const;
  std::optional<Provenance> only_change(const ObjectId& since);

  std::string path_of(const std::string& file) const {
    const std::string& folder = spec_.revision.subdir;
    return folder.empty() ? file : folder + "/" + file;
  }
  std::string file_of(const std::string& path) const {
    const std::string folder = path_of("");
    return path.starts_with(folder) ? path.substr(folder.size()) : path;
  }
  SourceRef place_of(const Origin& origin) const {
    return {spec_.files[origin.file], static_cast<int>(origin.line),
            static_cast<int>(origin.column)};
  }

  const Spec& spec_;
  const LedgerView& ledger_;
  History& history_;
  const CommitNode& head_;
  Blame blame_;
  std::vector<Job> jobs_;
  std::map<std::string, WorkFile> work_files_;
  std::map<ObjectId, std::optional<Provenance>> only_changes_;
};

std::optional<ObjectId> agreed_commit(const Owned& owned, const FieldPath& path) {
  const auto found = std::ranges::lower_bound(owned.agreed, path, {}, &Agreed::path);
  if (found == owned.agreed.end() || found->path != path) return std::nullopt;
  return parse_object_id(found->commit);
}

// The commit that `where` was true in; in rows that do not say, the one agreed on last.
std::optional<ObjectId> declared_commit(const Owned& owned) {
  if (!owned.commit.empty()) return parse_object_id(owned.commit);
  const auto last = std::ranges::max_element(owned.agreed, {}, &Agreed::at);
  return last == owned.agreed.end() ? std::nullopt : parse_object_id(last->commit);
}

// Null where the file is as the commit has it.
const WorkFile* Filler::work_file(const std::string& file) {
  const Revision& revision = spec_.revision;
  if (!revision.work_tree || !revision.uncommitted.contains(file)) return nullptr;
  const auto [known, added] = work_files_.try_emplace(file);
  WorkFile& work = known->second;
  if (added) {
    work.disk = read_disk(spec_.folder + "/" + file);
    work.blob = history_.entry(head_.tree, path_of(file));
    if (work.disk && work.blob) work.hunks = diff_lines(*history_.text(*work.blob), *work.disk);
  }
  return &work;
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
  if (stands && is_from_git(change.cause)) {
    Job job;
    job.place = change.where;
    if (owned != nullptr) job.since = declared_commit(*owned);
    ask_lines(change.provenance, change.lines, {}, std::move(job));
  }
  for (FieldDiff& field : change.fields) {
    if (is_from_git(field.cause)) ask_field(change, field, owned);
  }
}

void Filler::ask_field(const Change& change, FieldDiff& field, const Owned* owned) {
  Job job;
  job.removed = field.lines.empty();
  job.place = job.removed ? change.where : place_of(field.lines.front());
  std::vector<OnceThere> gone;
  if (owned != nullptr && field.has_agreed) {
    job.since = agreed_commit(*owned, field.path);
    const std::string key = key_of(field.path);
    // Keys of collections may be items of a list.
    const bool must_be_key = field.path.find('/') == std::string::npos;
    if (const auto declared = declaration(*owned, job.since)) {
      const auto line = find_in_block(*declared->file, declared->line, key, must_be_key);
      if (line) gone.push_back({{declared->path, *line}, declared->blob, key});
    }
  }
  ask_lines(field.provenance, field.lines, gone, std::move(job));
}

void Filler::ask_removed(Change& change, const Owned* owned) {
  Job job;
  job.removed = true;
  job.place = owned != nullptr && owned->where.line > 0 ? owned->where : change.where;
  std::vector<OnceThere> gone;
  if (owned != nullptr) {
    job.since = declared_commit(*owned);
    if (const auto declared = declaration(*owned, job.since)) {
      std::vector<int> lines = enclosing_lines(*declared->file, declared->line);
      lines.insert(lines.begin(), declared->line);
      for (const int line : lines) {  // the nearest first
        const int column = line == declared->line ? owned->where.column : 0;
        const auto word = word_at(declared->file->line(line), column);
        if (word.empty()) continue;
        gone.push_back({{declared->path, line}, declared->blob, std::string(word)});
      }
    }
  }
  ask_lines(change.provenance, {}, gone, std::move(job));
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
    places.push_back({path_of(now.file), *line});
    job.lines.emplace_back(places.back(), now);
  }
  if (const auto place = removed_on_disk(gone)) {
    target.emplace().where = *place;
    target->removed = true;
    target->uncommitted = true;
    return;
  }
  job.target = &target;
  job.question = blame_.ask(places, gone);
  jobs_.push_back(std::move(job));
}

// Where the head has all of them, and the work tree does not.
std::optional<SourceRef> Filler::removed_on_disk(const std::vector<OnceThere>& gone) {
  for (const OnceThere& once : gone) {
    const std::string file = file_of(once.place.path);
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

std::optional<Declaration> Filler::declaration_in(const ObjectId& commit, const SourceRef& where) {
  const auto node = history_.commit(commit);
  const std::string path = path_of(where.file);
  const auto blob = node ? history_.entry(node->tree, path) : std::nullopt;
  if (!blob || where.line <= 0) return std::nullopt;
  return Declaration{path, *blob, history_.text(*blob), where.line};
}

// As it stood in the commit `at`; where that cannot be told, as the ledger knows it.
std::optional<Declaration> Filler::declaration(const Owned& owned,
                                               const std::optional<ObjectId>& at) {
  const auto known_in = declared_commit(owned);
  if (!known_in) return std::nullopt;
  auto known = declaration_in(*known_in, owned.where);
  if (!known || !at || *at == *known_in) return known;
  const auto then = declaration_in(*at, owned.where);
  if (!then) return known;
  const auto line = line_before(history_.hunks(then->blob, known->blob), known->line);
  if (!line) return known;
  return Declaration{then->path, then->blob, then->file, *line};
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
  if (job.since && (!touch || !is_after(touch->commit, *job.since))) {
    // A line that was touched before the value was agreed on is not the cause; something that the
    // lines do not tell of is (a zone, the target of a reference). If only one commit can be it:
    const auto only = only_change(*job.since);
    if (only && !(touch && only->commit == hex_of(touch->commit))) {
      found = *only;
      found.where = job.place;
      found.removed = job.removed;
      return;
    }
  }
  if (!touch) return;
  found = from_commit(touch->commit);
  found.removed = touch->removed;
  found.where = {file_of(touch->place.path), touch->place.line, 0};
  for (const auto& [in_head, now] : job.lines) {
    if (!touch->removed && in_head == touch->place) {
      found.where = now;
      break;
    }
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

// By the clock. A branch may be older than the merge that brought it in; then only_change tells.
bool Filler::is_after(const ObjectId& commit, const ObjectId& since) const {
  const auto touched = history_.commit(commit);
  const auto agreed = history_.commit(since);
  return !touched || !agreed || touched->time > agreed->time;
}

// The only commit since then, or all that is not committed where there is none.
std::optional<Provenance> Filler::only_change(const ObjectId& since) {
  const auto [known, added] = only_changes_.try_emplace(since);
  if (!added || !history_.is_within(since, head_.id)) return known->second;
  const auto changes = history_.changes_since(since, head_.id, spec_.revision.subdir, 2);
  const bool dirty = spec_.revision.work_tree && !spec_.revision.uncommitted.empty();
  if (changes.size() == 1 && !dirty) known->second = from_commit(changes.front());
  if (changes.empty() && dirty) known->second.emplace().uncommitted = true;
  return known->second;
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
