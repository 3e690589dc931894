// The child of a fetch: the only process of ours that talks git with a remote. What happens to it
// happens to nobody else.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "reconciler/follow/fetch.hpp"
#include "reconciler/follow/session.hpp"
#include "reconciler/places.hpp"
#include "reconciler/private_file.hpp"

namespace homeostat::follow {
namespace {

Status set_up_libgit2(const FetchRequest& request) {
  // It looks for `.ssh/known_hosts` there. This process has one thread.
  ::setenv("HOME", Session::home_in(request.folder).c_str(), 1);
  git_libgit2_init();
  // Nobody's configuration: it could send us elsewhere (insteadOf), or run something.
  for (const git_config_level_t level :
       {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG}) {
    git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
  }
  git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_GLOBAL,
                   Session::home_in(request.folder).c_str());
  // A local remote may be anybody's: the machine file names it, and nothing in it is run.
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
  const bool own = !request.remote.ca_file.empty();
  const std::string authorities =
      own ? request.remote.ca_file : "/etc/ssl/certs/ca-certificates.crt";
  if (git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, authorities.c_str(), nullptr) < 0 && own) {
    return fail(ErrorKind::invalid_spec, fmt::format("cannot use ca_file {}", authorities));
  }
  return {};
}

Status check_folder(const std::string& folder) {
  TRY(make_private_folders(folder));
  struct stat status = {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      status.st_uid != ::geteuid() || (status.st_mode & 077U) != 0) {
    return fail(ErrorKind::auth, fmt::format("the mirror's folder {} is not private", folder),
                "it must belong to the user who runs this: chmod 700 " + folder);
  }
  return {};
}

Result<Fetched> answer(const std::string& text) {
  TRY_ASSIGN(const FetchRequest request, read_request(text));
  if (request.parent != 0 && ::getppid() != request.parent) {
    return fail(ErrorKind::cancelled, "nobody waits for this fetch");
  }
  TRY(check_remote(request.remote));
  TRY(check_folder(request.folder));
  TRY_ASSIGN(const FolderLock lock, FolderLock::acquire(request.folder));
  Status ready = set_up_libgit2(request);
  Result<Fetched> fetched = ready ? fetch_here(request) : tl::unexpected(std::move(ready).error());
  git_libgit2_shutdown();
  return fetched;
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 4096> buffer = {};
  while (true) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

int fetch_child_main() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::umask(077);
  std::string text = write_answer(answer(read_all(STDIN_FILENO)));
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t done = ::write(STDOUT_FILENO, left.data(), left.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return 1;
    left.remove_prefix(static_cast<std::size_t>(done));
  }
  return 0;
}

}  // namespace homeostat::follow
