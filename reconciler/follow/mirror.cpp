#include "reconciler/follow/mirror.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "reconciler/follow/store.hpp"
#include "reconciler/follow/wire.hpp"
#include "reconciler/run_command.hpp"

namespace homeostat::follow {

Mirror::Mirror(std::string folder, Remote remote, std::string program)
    : folder_(std::move(folder)), remote_(std::move(remote)), program_(std::move(program)) {}

std::string Mirror::repository() const { return repository_in(folder_); }

Result<Fetched> Mirror::fetch(const std::stop_token& stop) {
  return ask(write_request({folder_, remote_, static_cast<int>(::getpid())}), stop);
}

Result<std::string> Mirror::fetch_beside(const std::string& ref, const std::stop_token& stop) {
  const Beside beside = {.wanted = true, .ref = ref};
  TRY_ASSIGN(const Fetched fetched,
             ask(write_request({folder_, remote_, static_cast<int>(::getpid()), beside}), stop));
  return fetched.commit;
}

Result<Fetched> Mirror::ask(const std::string& request, const std::stop_token& stop) {
  TRY(check_remote(remote_));
  Command command;
  command.words = {program_, fetch_child_word};
  command.input = request;
  command.time_limit = remote_.time_limit;
  TRY_ASSIGN(const CommandResult ended, run_command(command, stop));
  if (ended.end == CommandEnd::exited && ended.code == 0) return read_answer(ended.output);
  if (ended.end == CommandEnd::stopped) {
    return fail(ErrorKind::cancelled, "the fetch was stopped");
  }
  if (ended.end == CommandEnd::out_of_time) {
    return fail(ErrorKind::transient,
                fmt::format("{}: the fetch {}", remote_.url, to_string(ended, command)),
                "is the remote there? a large repository may need a longer fetch_timeout");
  }
  return fail(ErrorKind::internal,
              fmt::format("{}: the fetch broke off: {}", remote_.url, to_string(ended, command)));
}

Result<bool> Mirror::is_own(const std::string& commit) const {
  TRY_ASSIGN(const git::Repository opened, open_bare(repository()));
  return follow::is_own(opened.get(), commit);
}

Result<std::string> Mirror::commit_of(const std::string& rev) const {
  TRY_ASSIGN(const git::Repository opened, open_bare(repository()));
  return follow::commit_of(opened.get(), rev);
}

std::optional<std::string> Mirror::last_commit() const {
  const Result<git::Repository> opened = open_bare(repository());
  git_oid id = {};
  if (!opened || git_reference_name_to_id(&id, opened->get(), followed_ref(remote_).c_str()) < 0) {
    return std::nullopt;
  }
  git_commit* found = nullptr;
  if (git_commit_lookup(&found, opened->get(), &id) < 0) return std::nullopt;
  const git::Commit commit(found);
  return git::hex(id);
}

}  // namespace homeostat::follow
