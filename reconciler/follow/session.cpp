#include "reconciler/follow/session.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <string_view>

#include "reconciler/follow/key_file.hpp"
#include "reconciler/places.hpp"
#include "reconciler/private_file.hpp"
#include "specs/git.hpp"

namespace homeostat::follow {
namespace {

constexpr std::size_t most_key_bytes = std::size_t{64} << 10U;
constexpr std::size_t most_known_bytes = std::size_t{4} << 20U;
// A spec is text. What is larger is a mistake, or somebody who wants to fill the disk.
constexpr std::uint64_t most_fetched_bytes = std::uint64_t{2} << 30U;

std::string known_hosts_in(const std::string& folder) { return folder + "/known_hosts"; }

std::string last_words() {
  const git_error* last = git_error_last();
  std::string text =
      last != nullptr && last->message != nullptr ? last->message : "no reason given";
  // Some of it is the server's: one line, and no longer than a message should be.
  constexpr std::size_t most = 300;
  text.resize(std::min(text.size(), most));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  while (text.ends_with(' ')) text.pop_back();
  text = git::without_random_names(std::move(text));
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

int last_class() {
  const git_error* last = git_error_last();
  return last == nullptr ? GIT_ERROR_NONE : last->klass;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

std::string Session::home_in(const std::string& folder) { return folder + "/home"; }

Status Session::prepare() {
  TRY_ASSIGN(url_, parse_remote_url(request_.remote.url));
  if (url_.transport != Transport::ssh) return {};
  const RemoteAuth& auth = request_.remote.auth;
  if (!auth.key_file.empty()) {
    TRY_ASSIGN(const auto key, read_private_file(auth.key_file, "the key", most_key_bytes));
    if (!key) return fail(ErrorKind::auth, fmt::format("there is no key {}", auth.key_file));
    TRY(check_private_key(auth.key_file, *key));
  }
  TRY_ASSIGN(const auto ours, read_private_file(known_hosts_in(request_.folder), "the known hosts",
                                                most_known_bytes));
  ours_ = ours.value_or("");
  const std::string& named = request_.remote.known_hosts;
  if (!named.empty()) {
    std::ifstream in(named, std::ios::binary);
    if (!in) return fail(ErrorKind::invalid_spec, fmt::format("cannot read known_hosts {}", named));
    theirs_.assign(std::istreambuf_iterator<char>(in), {});
  }
  return make_private_folders(home_in(request_.folder) + "/.ssh");
}

// libgit2 asks for the type of key that it finds here first.
Status Session::expect_key(const std::string& type) const {
  const std::string text = type.empty() ? usable_lines(ours_) + usable_lines(theirs_)
                                        : wish_line(known_name(url_.host, url_.port), type);
  return write_private_file(home_in(request_.folder) + "/.ssh/known_hosts", "the known hosts",
                            text);
}

bool Session::is_worth_another_key() const {
  if (request_.remote.host_key.empty()) return false;
  return other_key_ || (!verdict_ && contains(last_words(), "failed to start SSH session"));
}

Status Session::connect(git_remote* remote) {
  git_remote_connect_options options = GIT_REMOTE_CONNECT_OPTIONS_INIT;
  options.callbacks = callbacks();
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;  // which means: to no other host
  std::vector<std::string> types = {""};
  if (url_.transport == Transport::ssh) {
    types.insert(types.end(), usable_key_types().begin(), usable_key_types().end());
  }
  std::optional<Error> first;
  for (const std::string& type : types) {
    if (url_.transport == Transport::ssh) {
      TRY(expect_key(type));
    }
    verdict_.reset();
    tried_ = false;
    other_key_ = false;
    if (git_remote_connect_ext(remote, GIT_DIRECTION_FETCH, &options) == 0) return remember();
    // Of several, the one that was refused for its key says most.
    if (!first || (other_key_ && !contains(first->message, "has the host key"))) {
      first = explain("cannot reach");
    }
    if (!is_worth_another_key()) break;
  }
  return tl::unexpected(*first);
}

Status Session::remember() const {
  if (!presented_ || request_.remote.host_key.empty()) return {};
  std::string text = remember_host_key(*presented_, ours_);
  if (text == ours_) return {};
  return write_private_file(known_hosts_in(request_.folder), "the known hosts", text);
}

git_remote_callbacks Session::callbacks() {
  git_remote_callbacks made = GIT_REMOTE_CALLBACKS_INIT;
  made.credentials = on_credentials;
  made.certificate_check = on_certificate;
  made.transfer_progress = on_progress;
  made.payload = this;
  return made;
}

int Session::refuse(Error why, int code) {
  verdict_ = std::move(why);
  git_error_set_str(GIT_ERROR_CALLBACK, "refused");
  return code;
}

int Session::on_progress(const git_indexer_progress* progress, void* payload) {
  if (progress->received_bytes <= most_fetched_bytes) return 0;
  auto& session = *static_cast<Session*>(payload);
  return session.refuse({ErrorKind::invalid_spec,
                         session.url_.text + " sends more than 2 GiB",
                         "is this the repository of a spec?",
                         {},
                         {}},
                        GIT_EUSER);
}

int Session::on_credentials(git_credential** out, const char* /*url*/, const char* user,
                            unsigned allowed, void* payload) {
  return static_cast<Session*>(payload)->log_in(out, user == nullptr ? "" : user, allowed);
}

// Of a server that did not take what we gave.
Error Session::rejected(const std::string& user) const {
  const RemoteAuth& auth = request_.remote.auth;
  const char* what = !auth.key_file.empty() ? "the key"
                     : auth.agent           ? "every key of the agent"
                     : !auth.token.empty()  ? "the token"
                                            : "the password";
  return {ErrorKind::auth,
          fmt::format("{} refuses {}", url_.text, what),
          url_.transport == Transport::ssh
              ? fmt::format("is it allowed there, for the user {}?", user)
              : std::string("has it expired, and may it read that repository?"),
          {},
          {}};
}

// Each way once: libgit2 asks again after a refusal, for ever.
int Session::log_in(git_credential** out, const std::string& user, unsigned allowed) {
  const RemoteAuth& auth = request_.remote.auth;
  const bool ssh = url_.transport == Transport::ssh;
  std::string name = user.empty() ? auth.username : user;
  if (name.empty()) name = "git";  // a forge does not look at it where there is a token
  if ((allowed & GIT_CREDENTIAL_USERNAME) != 0) {
    return git_credential_username_new(out, name.c_str());
  }
  if (tried_) return refuse(rejected(name), GIT_EUSER);
  tried_ = true;
  if (ssh && (allowed & GIT_CREDENTIAL_SSH_KEY) != 0) {
    if (auth.agent) return git_credential_ssh_key_from_agent(out, name.c_str());
    if (!auth.key_file.empty()) {
      return git_credential_ssh_key_new(out, name.c_str(), nullptr, auth.key_file.c_str(),
                                        auth.passphrase.c_str());
    }
  }
  const std::string& word = auth.token.empty() ? auth.password : auth.token;
  if (!ssh && !word.empty() && (allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0) {
    if (!auth.username.empty()) name = auth.username;
    return git_credential_userpass_plaintext_new(out, name.c_str(), word.c_str());
  }
  return refuse({ErrorKind::auth,
                 url_.text + " wants to know who we are",
                 ssh ? "add `auth: { key: FILE }` or `auth: { agent: true }`"
                     : "add `auth:` with a token, or a username and a password",
                 {},
                 {}},
                GIT_EUSER);
}

int Session::on_certificate(git_cert* certificate, int valid, const char* /*host*/, void* payload) {
  auto& session = *static_cast<Session*>(payload);
  if (certificate->cert_type == GIT_CERT_HOSTKEY_LIBSSH2) {
    return session.look_at_host_key(*reinterpret_cast<const git_cert_hostkey*>(certificate),
                                    valid != 0);
  }
  if (valid != 0) return 0;
  const bool own = !session.request_.remote.ca_file.empty();
  // Debian's libgit2 has mbedTLS 2, which compares names only.
  const bool address = session.url_.host.find_first_not_of("0123456789.") == std::string::npos ||
                       contains(session.url_.host, ":");
  const char* const hint = address ? "an address is never believed here: call it by its name"
                           : own   ? "is it made by an authority of ca_file, for this name?"
                                   : "of an authority of your own, say which: ca_file";
  return session.refuse({ErrorKind::auth,
                         // libgit2 does not say here which of them it is.
                         fmt::format("the certificate of {} is not to be believed: its authority "
                                     "is not known here, or it is for another name, or not of now",
                                     session.url_.host),
                         hint,
                         {},
                         {}},
                        GIT_ECERTIFICATE);
}

int Session::look_at_host_key(const git_cert_hostkey& key, bool known) {
  if ((key.type & GIT_CERT_SSH_RAW) == 0) {
    return refuse({ErrorKind::auth, url_.host + " shows no host key", "", {}, {}},
                  GIT_ECERTIFICATE);
  }
  presented_ = Presented{.name = known_name(url_.host, url_.port),
                         .key = std::string(key.hostkey, key.hostkey_len),
                         .known = known};
  const std::string& fingerprint = request_.remote.host_key;
  const Status verdict = judge_host_key(*presented_, fingerprint, ours_, theirs_);
  if (verdict) return 0;
  other_key_ = !fingerprint.empty();
  return refuse(verdict.error(), GIT_ECERTIFICATE);
}

Error Session::explain(const std::string& doing) const {
  if (verdict_) return *verdict_;
  const std::string words = last_words();
  const int kind = last_class();
  const std::string& url = url_.text;
  if (contains(words, "objectformat")) {
    return {ErrorKind::invalid_spec,
            url + " has hashes of SHA-256, and this libgit2 knows SHA-1 only",
            "",
            {},
            {}};
  }
  if (contains(words, "cannot redirect")) {
    return {ErrorKind::invalid_spec,
            url + " leads to another host",
            "write the url it leads to",
            {},
            {}};
  }
  const bool absent =
      contains(words, "status code: 404") || contains(words, "not appear to be") ||
      contains(words, "epository not found") ||
      (url_.transport == Transport::local &&
       (contains(words, "not find repository") || contains(words, "failed to resolve path") ||
        contains(words, "unsupported URL protocol")));  // a folder that is none
  if (absent) {
    return {ErrorKind::not_found,
            "there is no repository at " + url,
            url_.transport == Transport::local ? "" : "or these credentials may not see it",
            {},
            {}};
  }
  if (contains(words, "status code: 401") || contains(words, "status code: 403")) {
    return {ErrorKind::auth, url + " refuses us: " + words, "", {}, {}};
  }
  if (contains(words, "private key") || contains(words, "public key")) {
    return {ErrorKind::auth,
            fmt::format("cannot use the key {}: {}", request_.remote.auth.key_file, words),
            "is its passphrase right?",
            {},
            {}};
  }
  const bool away = kind == GIT_ERROR_NET || kind == GIT_ERROR_OS || kind == GIT_ERROR_SSH ||
                    kind == GIT_ERROR_HTTP || kind == GIT_ERROR_SSL;
  return {away ? ErrorKind::transient : ErrorKind::internal,
          fmt::format("{} {}: {}", doing, url, words),
          "",
          {},
          {}};
}

}  // namespace homeostat::follow
