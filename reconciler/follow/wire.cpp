#include "reconciler/follow/wire.hpp"

#include <nlohmann/json.hpp>

namespace homeostat::follow {
namespace {

using nlohmann::json;

std::string text(const json& object, const char* key) { return object.at(key).get<std::string>(); }

Remote read_remote(const json& from) {
  Remote remote;
  remote.url = text(from, "url");
  remote.branch = text(from, "branch");
  remote.tag = text(from, "tag");
  remote.commit = text(from, "commit");
  remote.auth.username = text(from, "username");
  remote.auth.token = text(from, "token");
  remote.auth.password = text(from, "password");
  remote.auth.key_file = text(from, "key_file");
  remote.auth.passphrase = text(from, "passphrase");
  remote.auth.agent = from.at("agent").get<bool>();
  remote.host_key = text(from, "host_key");
  remote.known_hosts = text(from, "known_hosts");
  remote.ca_file = text(from, "ca_file");
  return remote;
}

tl::unexpected<Error> garbled(const char* what) {
  return fail(ErrorKind::internal, std::string(what) + " of a fetch is garbled");
}

}  // namespace

std::string write_request(const FetchRequest& request) {
  const Remote& remote = request.remote;
  const RemoteAuth& auth = remote.auth;
  const json made = {{"folder", request.folder},
                     {"parent", request.parent},
                     {"url", remote.url},
                     {"branch", remote.branch},
                     {"tag", remote.tag},
                     {"commit", remote.commit},
                     {"username", auth.username},
                     {"token", auth.token},
                     {"password", auth.password},
                     {"key_file", auth.key_file},
                     {"passphrase", auth.passphrase},
                     {"agent", auth.agent},
                     {"host_key", remote.host_key},
                     {"known_hosts", remote.known_hosts},
                     {"ca_file", remote.ca_file},
                     {"beside", request.beside.wanted},
                     {"ref", request.beside.ref}};
  return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<FetchRequest> read_request(const std::string& request) {
  try {
    const json from = json::parse(request);
    return FetchRequest{
        .folder = text(from, "folder"),
        .remote = read_remote(from),
        .parent = from.at("parent").get<int>(),
        .beside = {.wanted = from.at("beside").get<bool>(), .ref = text(from, "ref")}};
  } catch (const json::exception&) {
    return garbled("the request");
  }
}

std::string write_answer(const Result<Fetched>& answer) {
  json made;
  if (answer) {
    made = {{"commit", answer->commit},
            {"branch", answer->branch},
            {"moved", answer->moved},
            {"cloned_anew", answer->cloned_anew},
            {"why", answer->why}};
  } else {
    made = {{"kind", static_cast<int>(answer.error().kind)},
            {"message", answer.error().message},
            {"hint", answer.error().hint}};
  }
  return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Fetched> read_answer(const std::string& answer) {
  try {
    const json from = json::parse(answer);
    if (from.contains("kind")) {
      const int kind = from.at("kind").get<int>();
      if (kind < 0 || kind > static_cast<int>(ErrorKind::internal)) return garbled("the answer");
      return fail(static_cast<ErrorKind>(kind), text(from, "message"), text(from, "hint"));
    }
    return Fetched{.commit = text(from, "commit"),
                   .branch = text(from, "branch"),
                   .moved = from.at("moved").get<bool>(),
                   .cloned_anew = from.at("cloned_anew").get<bool>(),
                   .why = text(from, "why")};
  } catch (const json::exception&) {
    return garbled("the answer");
  }
}

std::string followed_ref(const Remote& remote) {
  const std::string ours = "refs/homeostat/";
  // In one folder, whatever they are called: `a` and `a/b` may both have been followed.
  const auto flat = [](std::string name) {
    for (std::size_t at = 0; (at = name.find('/', at)) != std::string::npos; ++at) {
      name.replace(at, 1, "%2F");
    }
    return name;
  };
  if (!remote.branch.empty()) return ours + "branch/" + flat(remote.branch);
  if (!remote.tag.empty()) return ours + "tag/" + flat(remote.tag);
  if (!remote.commit.empty()) return ours + "commit/" + remote.commit;
  return ours + "default";
}

std::string repository_in(const std::string& folder) { return folder + "/repository"; }

}  // namespace homeostat::follow
