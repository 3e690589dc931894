#include "reconciler/history.hpp"

#include <git2.h>

#include <algorithm>
#include <cstring>

#include "specs/git.hpp"

namespace homeostat {
namespace {

constexpr std::size_t texts_kept = 32;

git_oid oid_of(const ObjectId& id) {
  git_oid oid = {};
  std::memcpy(oid.id, id.data(), id.size());
  return oid;
}

ObjectId id_of(const git_oid* oid) {
  ObjectId id = {};
  std::memcpy(id.data(), oid->id, id.size());
  return id;
}

git::Commit look_up_commit(git_repository* repository, const ObjectId& id) {
  const git_oid oid = oid_of(id);
  git_commit* commit = nullptr;
  git_commit_lookup(&commit, repository, &oid);
  return git::Commit(commit);
}

git::Tree look_up_tree(git_repository* repository, const ObjectId& id) {
  const git_oid oid = oid_of(id);
  git_tree* tree = nullptr;
  git_tree_lookup(&tree, repository, &oid);
  return git::Tree(tree);
}

git::Diff diff_trees(git_repository* repository, const ObjectId& before, const ObjectId& after) {
  const auto old_tree = look_up_tree(repository, before);
  const auto new_tree = look_up_tree(repository, after);
  if (!old_tree || !new_tree) return {};
  git_diff* diff = nullptr;
  git_diff_tree_to_tree(&diff, repository, old_tree.get(), new_tree.get(), nullptr);
  return git::Diff(diff);
}

struct HunkSink {
  Hunks* hunks;
  int offset;  // equal lines in front of what was compared
};

int add_hunk(const git_diff_delta*, const git_diff_hunk* hunk, void* payload) {
  const auto* sink = static_cast<const HunkSink*>(payload);
  Hunk found{hunk->old_start, hunk->old_lines, hunk->new_start, hunk->new_lines};
  // git names the line in front of an empty side.
  found.old_start += sink->offset + (found.old_lines == 0 ? 1 : 0);
  found.new_start += sink->offset + (found.new_lines == 0 ? 1 : 0);
  sink->hunks->push_back(found);
  return 0;
}

// The bytes of lines [first, first + count).
std::string_view span_of(const FileText& file, std::size_t first, std::size_t count) {
  if (count == 0) return {};
  const char* begin = file.lines[first].data();
  const std::string_view last = file.lines[first + count - 1];
  const char* end = last.data() + last.size();
  if (end != file.text.data() + file.text.size()) ++end;  // its newline
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::optional<ObjectId> parse_object_id(const std::string& hex) {
  // Looked at first: libgit2 would keep a text of its error for this thread.
  const bool digits = hex.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  git_oid oid = {};
  if (!digits || hex.size() != GIT_OID_HEXSZ || git_oid_fromstr(&oid, hex.c_str()) != 0) {
    return std::nullopt;
  }
  return id_of(&oid);
}

std::string hex_of(const ObjectId& id) {
  const git_oid oid = oid_of(id);
  std::string hex(GIT_OID_HEXSZ, '0');
  git_oid_fmt(hex.data(), &oid);
  return hex;
}

// Most commits change one place of a file: what is equal at both ends need not be compared by a
// general algorithm, and often nothing is left.
Hunks diff_lines(const FileText& before, const FileText& after) {
  const std::size_t shorter = std::min(before.lines.size(), after.lines.size());
  std::size_t head = 0;
  while (head < shorter && before.lines[head] == after.lines[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head && before.lines[before.lines.size() - 1 - tail] ==
                                      after.lines[after.lines.size() - 1 - tail]) {
    ++tail;
  }
  const std::size_t old_lines = before.lines.size() - head - tail;
  const std::size_t new_lines = after.lines.size() - head - tail;
  const int start = static_cast<int>(head) + 1;
  Hunks hunks;
  if (old_lines == 0 && new_lines == 0) return hunks;
  if (old_lines == 0 || new_lines == 0) {
    hunks.push_back({start, static_cast<int>(old_lines), start, static_cast<int>(new_lines)});
    return hunks;
  }
  git_diff_options options;
  git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
  options.context_lines = 0;
  options.interhunk_lines = 0;
  options.flags = GIT_DIFF_FORCE_TEXT | GIT_DIFF_INDENT_HEURISTIC;
  const auto old_text = span_of(before, head, old_lines);
  const auto new_text = span_of(after, head, new_lines);
  HunkSink sink{&hunks, static_cast<int>(head)};
  git_diff_buffers(old_text.data(), old_text.size(), nullptr, new_text.data(), new_text.size(),
                   nullptr, &options, nullptr, nullptr, add_hunk, nullptr, &sink);
  return hunks;
}

std::optional<int> line_before(const Hunks& hunks, int line) {
  auto next = std::ranges::upper_bound(hunks, line, {}, &Hunk::new_start);
  if (next == hunks.begin()) return line;
  const Hunk& hunk = *--next;
  const int beyond = line - (hunk.new_start + hunk.new_lines);
  if (beyond < 0) return std::nullopt;
  return hunk.old_start + hunk.old_lines + beyond;
}

std::optional<int> line_after(const Hunks& hunks, int line) {
  auto next = std::ranges::upper_bound(hunks, line, {}, &Hunk::old_start);
  if (next == hunks.begin()) return line;
  const Hunk& hunk = *--next;
  const int beyond = line - (hunk.old_start + hunk.old_lines);
  if (beyond < 0) return std::nullopt;
  return hunk.new_start + hunk.new_lines + beyond;
}

std::optional<int> find_again(const Hunks& hunks, const FileText& after, int line,
                              std::string_view word) {
  if (const auto same = line_after(hunks, line)) return same;
  const Hunk& hunk = *--std::ranges::upper_bound(hunks, line, {}, &Hunk::old_start);
  for (int at = hunk.new_start; at < hunk.new_start + hunk.new_lines; ++at) {
    if (has_word(after.line(at), word)) return at;
  }
  return std::nullopt;
}

std::unique_ptr<History> History::open(const std::string& repo) {
  git_libgit2_init();
  git_repository* repository = nullptr;
  if (git_repository_open(&repository, repo.c_str()) != 0) {
    git_libgit2_shutdown();
    return nullptr;
  }
  return std::unique_ptr<History>(new History(repository));
}

History::~History() {
  git_repository_free(repository_);
  git_libgit2_shutdown();
}

std::optional<CommitNode> History::commit(const ObjectId& id) const {
  const auto commit = look_up_commit(repository_, id);
  if (!commit) return std::nullopt;
  CommitNode node;
  node.id = id;
  node.tree = id_of(git_commit_tree_id(commit.get()));
  node.time = git_commit_time(commit.get());
  for (unsigned int i = 0; i < git_commit_parentcount(commit.get()); ++i) {
    node.parents.push_back(id_of(git_commit_parent_id(commit.get(), i)));
  }
  return node;
}

CommitWords History::words(const ObjectId& id) const {
  const auto commit = look_up_commit(repository_, id);
  if (!commit) return {};
  CommitWords words;
  const git_signature* author = git_commit_author(commit.get());
  words.author = author->name;
  words.authored = author->when.time;
  if (const char* summary = git_commit_summary(commit.get())) words.subject = summary;
  return words;
}

std::optional<ObjectId> History::entry(const ObjectId& tree_id, const std::string& path) const {
  if (path.empty()) return tree_id;
  const auto tree = look_up_tree(repository_, tree_id);
  git_tree_entry* found = nullptr;
  if (!tree || git_tree_entry_bypath(&found, tree.get(), path.c_str()) != 0) return std::nullopt;
  const git::TreeEntry owner(found);
  return id_of(git_tree_entry_id(found));
}

std::shared_ptr<const FileText> History::text(const ObjectId& blob_id) {
  const auto known =
      std::ranges::find(texts_, blob_id, [](const auto& kept) { return kept.first; });
  if (known != texts_.end()) return known->second;
  const git_oid oid = oid_of(blob_id);
  git_blob* found = nullptr;
  git_blob_lookup(&found, repository_, &oid);
  const git::Blob blob(found);
  std::string content;
  if (blob) {
    content.assign(static_cast<const char*>(git_blob_rawcontent(found)),
                   static_cast<std::size_t>(git_blob_rawsize(found)));
  }
  if (texts_.size() == texts_kept) texts_.erase(texts_.begin());
  texts_.emplace_back(blob_id, std::make_shared<const FileText>(std::move(content)));
  return texts_.back().second;
}

const Hunks& History::hunks(const ObjectId& before, const ObjectId& after) {
  const auto [found, added] = hunks_.try_emplace({before, after});
  if (added) {
    const auto old_text = text(before);
    const auto new_text = text(after);
    found->second = diff_lines(*old_text, *new_text);
  }
  return found->second;
}

const History::Renames& History::renames(const ObjectId& before, const ObjectId& after) {
  const auto [found, added] = renames_.try_emplace({before, after});
  if (!added) return found->second;
  const auto diff = diff_trees(repository_, before, after);
  git_diff_find_options options;
  git_diff_find_options_init(&options, GIT_DIFF_FIND_OPTIONS_VERSION);
  options.flags = GIT_DIFF_FIND_RENAMES;
  if (!diff || git_diff_find_similar(diff.get(), &options) != 0) return found->second;
  for (std::size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
    const git_diff_delta* delta = git_diff_get_delta(diff.get(), i);
    if (delta->status == GIT_DELTA_RENAMED) {
      found->second.emplace_back(delta->old_file.path, delta->new_file.path);
    }
  }
  return found->second;
}

std::optional<std::string> History::renamed_from(const ObjectId& before, const ObjectId& after,
                                                 const std::string& path) {
  for (const auto& [old_path, new_path] : renames(before, after)) {
    if (new_path == path) return old_path;
  }
  return std::nullopt;
}

std::optional<std::string> History::renamed_to(const ObjectId& before, const ObjectId& after,
                                               const std::string& path) {
  for (const auto& [old_path, new_path] : renames(before, after)) {
    if (old_path == path) return new_path;
  }
  return std::nullopt;
}

bool History::is_within(const ObjectId& commit, const ObjectId& of) const {
  if (commit == of) return true;
  const git_oid younger = oid_of(of);
  const git_oid older = oid_of(commit);
  // libgit2 1.5 loses memory over a commit that the history does not have any more.
  if (!look_up_commit(repository_, commit) || !look_up_commit(repository_, of)) return false;
  return git_graph_descendant_of(repository_, &younger, &older) == 1;
}

const std::vector<std::pair<std::string, ObjectId>>& History::changed_files(const ObjectId& before,
                                                                            const ObjectId& after) {
  const auto [found, added] = changed_.try_emplace({before, after});
  if (!added) return found->second;
  const auto diff = diff_trees(repository_, before, after);
  const std::size_t deltas = diff ? git_diff_num_deltas(diff.get()) : 0;
  for (std::size_t i = 0; i < deltas; ++i) {
    const git_diff_delta* delta = git_diff_get_delta(diff.get(), i);
    if (delta->status == GIT_DELTA_ADDED) continue;
    found->second.emplace_back(delta->old_file.path, id_of(&delta->old_file.id));
  }
  return found->second;
}

}  // namespace homeostat
