#include "reconciler/follow/store.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

namespace homeostat::follow {
namespace {

namespace fs = std::filesystem;

// Larger than any spec file may be: only asked for, and not read through.
constexpr std::uint64_t large_blob = std::uint64_t{16} << 20U;

// More than that are gathered.
constexpr std::size_t most_packs = 50;
constexpr const char* gathered_list = "homeostat-gathered-packs";  // one name a line

using PackBuilder = std::unique_ptr<git_packbuilder, git::Free<git_packbuilder_free>>;

// "pack-1234...", without what follows the dot.
std::vector<std::string> packs_of(const std::string& repository) {
  std::error_code ignored;
  std::vector<std::string> names;
  const fs::path folder = fs::path(repository) / "objects/pack";
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    if (at->path().extension() == ".pack") names.push_back(at->path().stem().string());
  }
  return names;
}

void start() {
  // As in specs/git.cpp: libgit2 counts its users; ours ends with the program.
  static const struct Library {
    Library() { git_libgit2_init(); }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library() { git_libgit2_shutdown(); }
  } library;
}

Status read_blob(git_repository* repository, git_odb* objects, const git_oid& id) {
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (git_odb_read_header(&size, &type, objects, &id) < 0) {
    return tl::unexpected(git::last_error("cannot find the file " + git::hex(id)));
  }
  if (size > large_blob) return {};
  git_blob* found = nullptr;
  if (git_blob_lookup(&found, repository, &id) < 0) {
    return tl::unexpected(git::last_error("cannot read the file " + git::hex(id)));
  }
  const git::Blob blob(found);
  return {};
}

// Folders still to be read go to `next`.
Status read_tree(git_repository* repository, git_odb* objects, const git_oid& id,
                 std::vector<git_oid>& next) {
  git_tree* found = nullptr;
  if (git_tree_lookup(&found, repository, &id) < 0) {
    return tl::unexpected(git::last_error("cannot read the folder " + git::hex(id)));
  }
  const git::Tree tree(found);
  for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
    const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
    const git_oid& held = *git_tree_entry_id(entry);
    const git_object_t type = git_tree_entry_type(entry);
    if (type == GIT_OBJECT_TREE) next.push_back(held);
    if (type == GIT_OBJECT_BLOB) {
      TRY(read_blob(repository, objects, held));
    }
  }
  return {};
}

}  // namespace

Result<git::Repository> open_bare(const std::string& path) {
  start();
  git_repository* found = nullptr;
  if (git_repository_open_bare(&found, path.c_str()) < 0) {
    return tl::unexpected(git::last_error("no repository"));
  }
  return git::Repository(found);
}

Result<git_oid> parse_id(const std::string& hex) {
  git_oid id = {};
  if (hex.size() == GIT_OID_HEXSZ && git_oid_fromstr(&id, hex.c_str()) == 0) return id;
  return fail(ErrorKind::invalid_spec, fmt::format("{} is no hash of a commit", hex),
              "this libgit2 knows repositories with SHA-1 only");
}

Status read_through(git_repository* repository, const git_oid& id) {
  git_commit* found = nullptr;
  if (git_commit_lookup(&found, repository, &id) < 0) {
    return tl::unexpected(git::last_error("cannot read commit " + git::hex(id)));
  }
  const git::Commit commit(found);
  git_odb* odb = nullptr;
  if (git_repository_odb(&odb, repository) < 0) {
    return tl::unexpected(git::last_error("cannot read the objects"));
  }
  const git::Odb objects(odb);
  std::vector<git_oid> trees = {*git_commit_tree_id(commit.get())};
  while (!trees.empty()) {
    const git_oid tree = trees.back();
    trees.pop_back();
    TRY(read_tree(repository, objects.get(), tree, trees));
  }
  return {};
}

Status check_refs(git_repository* repository) {
  git_strarray names = {};
  if (git_reference_list(&names, repository) < 0) {
    return tl::unexpected(git::last_error("cannot list what there is"));
  }
  Status fine;
  for (std::size_t i = 0; i < names.count && fine; ++i) {
    const std::string name = names.strings[i];
    git_oid id = {};
    git_object* found = nullptr;
    if (git_reference_name_to_id(&id, repository, name.c_str()) < 0 ||
        git_object_lookup(&found, repository, &id, GIT_OBJECT_ANY) < 0) {
      fine = tl::unexpected(git::last_error("cannot read " + name));
    }
    const git::Object object(found);
  }
  git_strarray_dispose(&names);
  return fine;
}

void gather_packs(git_repository* repository) {
  const std::string path = git_repository_path(repository);
  const std::vector<std::string> old = packs_of(path);
  if (old.size() <= most_packs) return;
  git_odb* odb = nullptr;
  git_packbuilder* made = nullptr;
  if (git_repository_odb(&odb, repository) < 0) return;
  const git::Odb objects(odb);
  if (git_packbuilder_new(&made, repository) < 0) return;
  const PackBuilder builder(made);
  const auto insert = [](const git_oid* id, void* into) {
    return git_packbuilder_insert(static_cast<git_packbuilder*>(into), id, nullptr);
  };
  // Where one object cannot be read, all stays as it is: that harms nobody before it is wanted.
  if (git_odb_foreach(objects.get(), insert, builder.get()) < 0 ||
      git_packbuilder_write(builder.get(), nullptr, 0, nullptr, nullptr) < 0) {
    return;
  }
  const std::string kept = fmt::format("pack-{}", git_packbuilder_name(builder.get()));
  std::ofstream list(path + gathered_list);
  for (const std::string& name : old) {
    if (name != kept) list << name << "\n";
  }
}

void sweep(const std::string& repository) {
  std::ifstream list(repository + "/" + gathered_list);
  std::error_code ignored;
  std::vector<fs::path> left;
  for (std::string name; std::getline(list, name);) {
    for (const char* end : {".idx", ".pack"}) {
      left.push_back(fs::path(repository) / "objects/pack" / (name + end));
    }
  }
  if (!left.empty()) left.push_back(fs::path(repository) / gathered_list);
  for (fs::recursive_directory_iterator at(repository, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (!at->is_regular_file(ignored)) continue;
    // A branch may be called like a pack; no branch's name ends like a lock's.
    const bool pack = at->path().string().find("/objects/") != std::string::npos &&
                      name.starts_with("pack_git2_");
    if (pack || name.ends_with(".lock")) {
      left.push_back(at->path());
    }
  }
  for (const fs::path& file : left) fs::remove(file, ignored);
}

}  // namespace homeostat::follow
