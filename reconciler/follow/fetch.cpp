#include "reconciler/follow/fetch.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <set>
#include <system_error>

#include "reconciler/follow/session.hpp"
#include "reconciler/follow/store.hpp"

namespace homeostat::follow {
namespace {

namespace fs = std::filesystem;

using RemoteHandle = std::unique_ptr<git_remote, git::Free<git_remote_free>>;

// Why a fetch failed, and whether the mirror on the disk is to blame.
struct Failure {
  Error error;
  bool broken = false;
};

tl::unexpected<Failure> outside(Error error) { return tl::unexpected(Failure{std::move(error)}); }
tl::unexpected<Failure> broken(Error error) {
  return tl::unexpected(Failure{std::move(error), true});
}

// What libgit2 says when objects or refs of a repository are missing or damaged.
bool is_of_the_disk() {
  const git_error* last = git_error_last();
  if (last == nullptr) return false;
  const std::array<int, 9> kinds = {GIT_ERROR_ODB,  GIT_ERROR_REFERENCE, GIT_ERROR_REPOSITORY,
                                    GIT_ERROR_TREE, GIT_ERROR_OBJECT,    GIT_ERROR_ZLIB,
                                    GIT_ERROR_TAG,  GIT_ERROR_INDEXER,   GIT_ERROR_CONFIG};
  return std::ranges::find(kinds, last->klass) != kinds.end();
}

struct Found {
  git_oid id = {};
  std::string name;  // the branch or tag, without its folder
};

class Fetch {
 public:
  explicit Fetch(const FetchRequest& request)
      : request_(request), remote_(request.remote), session_(request) {}

  Result<Fetched> run();

 private:
  using Outcome = tl::expected<Found, Failure>;
  using Answer = tl::expected<Fetched, Failure>;

  Answer fetch(const std::string& path);
  Result<Fetched> fetch_beside(const std::string& path);
  tl::expected<RemoteHandle, Failure> connect(git_repository* repository);
  tl::expected<void, Failure> bring(git_repository* repository, git_remote* remote,
                                    const std::set<std::string>& there, std::string more);
  Outcome take(git_repository* repository, git_remote* remote);
  [[nodiscard]] Result<std::string> wanted_ref(git_remote* remote,
                                               const std::set<std::string>& there) const;
  Status prune(git_repository* repository, const std::set<std::string>& there) const;
  [[nodiscard]] Outcome find(git_repository* repository, const std::string& ref) const;
  Result<Fetched> clone_anew(const std::string& why);
  [[nodiscard]] Answer finish(git_repository* repository, const Found& found) const;
  [[nodiscard]] std::optional<git_oid> followed(git_repository* repository) const;
  [[nodiscard]] Status check_health();

  const FetchRequest& request_;
  const Remote& remote_;
  Session session_;
  std::optional<git_oid> before_;  // what was followed last
};

std::set<std::string> names_of(git_remote* remote) {
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  std::set<std::string> names;
  if (git_remote_ls(&heads, &count, remote) < 0) return names;
  for (std::size_t i = 0; i < count; ++i) names.insert(heads[i]->name);
  return names;
}

// A few of them, for who mistyped one.
std::string some_of(const std::set<std::string>& there, const std::string& folder) {
  constexpr int most = 5;
  std::string text;
  int count = 0;
  for (const std::string& name : there) {
    if (!name.starts_with(folder) || name.ends_with("^{}")) continue;
    if (++count > most) return text + ", ...";
    text += (text.empty() ? "it has " : ", ") + name.substr(folder.size());
  }
  return text;
}

// The ref of the remote that is followed; "" of a commit.
Result<std::string> Fetch::wanted_ref(git_remote* remote,
                                      const std::set<std::string>& there) const {
  const std::string& url = remote_.url;
  if (there.empty()) {
    return fail(ErrorKind::not_found, url + " is an empty repository", "push something to it");
  }
  if (!remote_.commit.empty()) return std::string();
  if (remote_.branch.empty() && remote_.tag.empty()) {
    git_buf name = GIT_BUF_INIT;
    std::string ref;
    if (git_remote_default_branch(&name, remote) == 0) ref.assign(name.ptr, name.size);
    git_buf_dispose(&name);
    if (ref.starts_with("refs/heads/") && there.contains(ref)) return ref;
    return fail(ErrorKind::not_found, url + " says no default branch",
                "name one: branch: main" + (", " + some_of(there, "refs/heads/")));
  }
  const bool branch = !remote_.branch.empty();
  const std::string folder = branch ? "refs/heads/" : "refs/tags/";
  std::string ref = folder + (branch ? remote_.branch : remote_.tag);
  if (there.contains(ref)) return ref;
  return fail(ErrorKind::not_found, fmt::format("{} has no {}", url, wanted_text(remote_)),
              some_of(there, folder));
}

// Before the new ones come: `a` may have become `a/b`.
Status Fetch::prune(git_repository* repository, const std::set<std::string>& there) const {
  git_strarray names = {};
  if (git_reference_list(&names, repository) < 0) {
    return tl::unexpected(git::last_error("cannot list what there is"));
  }
  int code = 0;
  for (std::size_t i = 0; i < names.count && code >= 0; ++i) {
    const std::string name = names.strings[i];
    if (!name.starts_with("refs/heads/") || there.contains(name)) continue;
    code = git_reference_remove(repository, name.c_str());
  }
  git_strarray_dispose(&names);
  if (code < 0) return tl::unexpected(git::last_error("cannot remove a branch that is gone"));
  return {};
}

Fetch::Outcome Fetch::find(git_repository* repository, const std::string& ref) const {
  Found found;
  if (ref.empty()) {
    found.id = parse_id(remote_.commit).value();
    git_commit* commit = nullptr;
    if (git_commit_lookup(&commit, repository, &found.id) < 0) {
      return outside({ErrorKind::not_found,
                      fmt::format("{} has no commit {} on any branch", remote_.url, remote_.commit),
                      "",
                      {},
                      {}});
    }
    const git::Commit held(commit);
    return found;
  }
  git_oid target = {};
  git_object* object = nullptr;
  if (git_reference_name_to_id(&target, repository, ref.c_str()) < 0 ||
      git_object_lookup(&object, repository, &target, GIT_OBJECT_ANY) < 0) {
    return broken(git::last_error("cannot read " + ref));
  }
  const git::Object tip(object);
  git_object* peeled = nullptr;
  if (git_object_peel(&peeled, tip.get(), GIT_OBJECT_COMMIT) < 0) {
    return outside({ErrorKind::not_found,
                    fmt::format("{} of {} is no commit", wanted_text(remote_), remote_.url),
                    "",
                    {},
                    {}});
  }
  const git::Object commit(peeled);
  found.id = *git_object_id(commit.get());
  found.name = ref.substr(ref.find('/', ref.find('/') + 1) + 1);
  return found;
}

// All branches; `more`: one more refspec, or "".
tl::expected<void, Failure> Fetch::bring(git_repository* repository, git_remote* remote,
                                         const std::set<std::string>& there, std::string more) {
  if (const Status pruned = prune(repository, there); !pruned) return broken(pruned.error());
  std::string heads = "+refs/heads/*:refs/heads/*";
  std::array<char*, 2> wanted = {heads.data(), more.data()};
  const git_strarray refspecs = {wanted.data(), more.empty() ? 1U : 2U};
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  options.callbacks = session_.callbacks();
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  options.update_fetchhead = 0;
  if (git_remote_fetch(remote, &refspecs, &options, nullptr) < 0) {
    return tl::unexpected(Failure{session_.explain("cannot fetch from"), is_of_the_disk()});
  }
  return {};
}

Fetch::Outcome Fetch::take(git_repository* repository, git_remote* remote) {
  const std::set<std::string> there = names_of(remote);
  const Result<std::string> ref = wanted_ref(remote, there);
  if (!ref) return outside(ref.error());
  const std::string tag = remote_.tag.empty() ? std::string() : "+" + *ref + ":" + *ref;
  if (auto brought = bring(repository, remote, there, tag); !brought) {
    return tl::unexpected(std::move(brought).error());
  }
  Outcome found = find(repository, *ref);
  if (!found) return found;
  if (const Status whole = read_through(repository, found->id); !whole) {
    return broken(whole.error());
  }
  return found;
}

tl::expected<RemoteHandle, Failure> Fetch::connect(git_repository* repository) {
  git_remote* made = nullptr;
  // Without a name, and so without any configuration: nothing can send it elsewhere.
  const std::string url = parse_remote_url(remote_.url)->text;
  if (git_remote_create_anonymous(&made, repository, url.c_str()) < 0) {
    return outside(session_.explain("cannot use the url"));
  }
  RemoteHandle remote(made);
  if (const Status connected = session_.connect(remote.get()); !connected) {
    return outside(connected.error());
  }
  return remote;
}

Fetch::Answer Fetch::fetch(const std::string& path) {
  const Result<git::Repository> repository = open_bare(path);
  if (!repository) return broken(repository.error());
  const auto remote = connect(repository->get());
  if (!remote) return tl::unexpected(remote.error());
  const Outcome found = take(repository->get(), remote->get());
  if (!found) return tl::unexpected(found.error());
  return finish(repository->get(), *found);
}

// A mirror that is broken is left to the next fetch of what is followed.
Result<Fetched> Fetch::fetch_beside(const std::string& path) {
  TRY_ASSIGN(const git::Repository repository, open_bare(path));
  const auto remote = connect(repository.get());
  if (!remote) return tl::unexpected(remote.error().error);
  const std::string& ref = request_.beside.ref;
  const std::string into = beside_folder + ref;
  const std::set<std::string> there = names_of(remote->get());
  if (there.empty() || (!ref.empty() && !there.contains(ref))) {
    return fail(ErrorKind::not_found, fmt::format("{} has no {}", remote_.url, ref));
  }
  const std::string more = ref.empty() ? std::string() : "+" + ref + ":" + into;
  const auto brought = bring(repository.get(), remote->get(), there, more);
  if (!brought) return tl::unexpected(brought.error().error);
  if (ref.empty()) return Fetched{};
  const Outcome found = find(repository.get(), into);
  if (!found) return tl::unexpected(found.error().error);
  return Fetched{.commit = git::hex(found->id)};
}

std::optional<git_oid> Fetch::followed(git_repository* repository) const {
  git_oid id = {};
  if (git_reference_name_to_id(&id, repository, followed_ref(remote_).c_str()) < 0) return {};
  return id;
}

// Learns on the way what was followed before.
Status Fetch::check_health() {
  TRY_ASSIGN(const git::Repository repository, open_bare(repository_in(request_.folder)));
  before_ = followed(repository.get());
  TRY(check_refs(repository.get()));
  return before_ ? read_through(repository.get(), *before_) : Status();
}

// Whether `before` is neither this commit nor one of those before it.
tl::expected<bool, Failure> was_moved(git_repository* repository, const git_oid& before,
                                      const git_oid& now) {
  if (git_oid_equal(&before, &now) != 0) return false;
  git_commit* found = nullptr;
  if (git_commit_lookup(&found, repository, &before) < 0) return true;  // of a mirror that is gone
  const git::Commit commit(found);
  const int within = git_graph_descendant_of(repository, &now, &before);
  if (within < 0) return broken(git::last_error("cannot read the history"));
  return within == 0;
}

Fetch::Answer Fetch::finish(git_repository* repository, const Found& found) const {
  Fetched fetched{.commit = git::hex(found.id), .branch = found.name};
  if (before_) {
    const auto moved = was_moved(repository, *before_, found.id);
    if (!moved) return tl::unexpected(moved.error());
    fetched.moved = *moved;
  }
  git_reference* made = nullptr;
  if (git_reference_create(&made, repository, followed_ref(remote_).c_str(), &found.id, 1,
                           nullptr) < 0) {
    return outside(git::last_error("cannot note the commit"));
  }
  const git::Reference reference(made);
  gather_packs(repository);
  return fetched;
}

// Beside the old one, which goes only when the new one is whole.
Result<Fetched> Fetch::clone_anew(const std::string& why) {
  const std::string aside = request_.folder + "/new";
  const std::string place = repository_in(request_.folder);
  std::error_code ignored;
  fs::remove_all(aside, ignored);
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
  git_repository* made = nullptr;
  if (git_repository_init_ext(&made, aside.c_str(), &options) < 0) {
    return tl::unexpected(git::last_error("cannot make a mirror in " + request_.folder));
  }
  git_repository_free(made);
  Answer fetched = fetch(aside);
  if (!fetched) {
    Error error = fetched.error().error;
    if (!why.empty()) error.message += fmt::format("; and the mirror is broken: {}", why);
    return tl::unexpected(std::move(error));
  }
  const bool old = fs::exists(place, ignored);
  if (::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, place.c_str(), old ? RENAME_EXCHANGE : 0U) !=
      0) {
    return fail(ErrorKind::internal, fmt::format("cannot put the new mirror to {}: {}", place,
                                                 std::generic_category().message(errno)));
  }
  fs::remove_all(aside, ignored);
  fetched->cloned_anew = !why.empty();
  fetched->why = why;
  return *fetched;
}

Result<Fetched> Fetch::run() {
  const std::string place = repository_in(request_.folder);
  TRY(session_.prepare());
  if (!remote_.commit.empty()) {
    TRY(parse_id(remote_.commit));
  }
  std::error_code ignored;
  if (request_.beside.wanted) {
    if (fs::exists(place, ignored)) return fetch_beside(place);
    return fail(ErrorKind::not_found, "there is no mirror of " + remote_.url + " yet");
  }
  if (!fs::exists(place, ignored)) return clone_anew("");
  sweep(place);
  if (const Status health = check_health(); !health) return clone_anew(health.error().message);
  const Answer fetched = fetch(place);
  if (fetched) return *fetched;
  if (fetched.error().broken) return clone_anew(fetched.error().error.message);
  return tl::unexpected(fetched.error().error);
}

}  // namespace

Result<Fetched> fetch_here(const FetchRequest& request) { return Fetch(request).run(); }

}  // namespace homeostat::follow
