#include "tests/reconciler/follow/git_servers.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "tests/support/certificate.hpp"
#include "tests/support/process.hpp"
#include "tests/support/raw_server.hpp"

namespace homeostat::test {
namespace {

constexpr const char* run_folder = "/run/sshd";  // sshd of root insists on it

std::string nginx_config(const std::string& folder, int port, const std::string& repositories) {
  std::string text = R"(daemon off;
master_process off;
pid @FOLDER@/nginx.pid;
error_log @FOLDER@/nginx.log;
events {}
http {
  log_format asked '$request_method $request_uri $remote_user';
  access_log @FOLDER@/requests asked;
  client_body_temp_path @FOLDER@/body;
  proxy_temp_path @FOLDER@/proxy;
  fastcgi_temp_path @FOLDER@/fastcgi;
  uwsgi_temp_path @FOLDER@/uwsgi;
  scgi_temp_path @FOLDER@/scgi;
  server {
    listen 127.0.0.1:@PORT@ ssl;
    ssl_certificate @FOLDER@/server.pem;
    ssl_certificate_key @FOLDER@/server.key;
    location /moved/ { rewrite ^/moved(/.*)$ https://localhost:@PORT@$1 permanent; }
    location /away/ { rewrite ^/away(/.*)$ https://127.0.0.1:@PORT@$1 permanent; }
    location / {
      auth_basic git;
      auth_basic_user_file @FOLDER@/users;
      fastcgi_pass unix:@FOLDER@/backend;
      fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT @REPOSITORIES@;
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param REMOTE_ADDR $remote_addr;
    }
  }
}
)";
  const auto put = [&text](const std::string& name, const std::string& value) {
    for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += value.size()) {
      text.replace(at, name.size(), value);
    }
  };
  put("@FOLDER@", folder);
  put("@PORT@", std::to_string(port));
  put("@REPOSITORIES@", repositories);
  return text;
}

}  // namespace

std::string must(const std::vector<std::string>& command) {
  const ProcessResult result = run_process({.command = command});
  if (result.exit_code == 0) return result.out;
  throw std::runtime_error(fmt::format("{}: {} {}", command.front(), result.exit_code, result.err));
}

std::string user_name() {
  const passwd* user = getpwuid(geteuid());
  if (user == nullptr) throw std::runtime_error("no name of who runs this");
  return user->pw_name;
}

std::string make_ssh_key(const std::string& file, const std::string& type,
                         const std::vector<std::string>& more) {
  std::vector<std::string> words = {
      "/usr/bin/ssh-keygen", "-q", "-t", type, "-f", file, "-C", "test"};
  words.insert(words.end(), more.begin(), more.end());
  if (more.empty()) words.insert(words.end(), {"-N", ""});
  must(words);
  // "256 SHA256:... comment (ED25519)"
  const std::string said = must({"/usr/bin/ssh-keygen", "-lf", file + ".pub"});
  const std::size_t start = said.find("SHA256:");
  return said.substr(start, said.find(' ', start) - start);
}

GitHttps::GitHttps(const std::string& repositories) {
  const std::string& folder = folder_.path();
  (void)make_certificate({.folder = folder, .file = "authority", .names = {}, .authority = true});
  (void)make_certificate({.folder = folder,
                          .file = "server",
                          .names = {"DNS:localhost", "IP:127.0.0.1"},
                          .issuer = "authority"});
  folder_.write("users", "ana:{PLAIN}hunter2\n");
  const std::string socket = folder + "/backend";
  backend_ = std::make_unique<Daemon>(
      std::vector<std::string>{"/usr/sbin/fcgiwrap", "-s", "unix:" + socket, "-c", "2"},
      folder_.path() + "/backend.log");
  if (!backend_->wait_until([&] { return listens(socket); })) {
    throw std::runtime_error("fcgiwrap did not start: " + folder_.read("backend.log"));
  }
  // Somebody else may take a free port first.
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (start(repositories)) return;
  }
  throw std::runtime_error("nginx did not start: " + folder_.read("out"));
}

bool GitHttps::start(const std::string& repositories) {
  port_ = closed_port();
  folder_.write("nginx.conf", nginx_config(folder_.path(), port_, repositories));
  nginx_ = std::make_unique<Daemon>(
      std::vector<std::string>{"/usr/sbin/nginx", "-c", folder_.path() + "/nginx.conf", "-e",
                               folder_.path() + "/nginx.log"},
      folder_.path() + "/out");
  return nginx_->wait_until([&] { return listens(port_); });
}

std::string GitHttps::requests(std::ptrdiff_t lines) const {
  const auto written = [this, lines] {
    const std::string log = folder_.read("requests");
    return std::count(log.begin(), log.end(), '\n') >= lines;
  };
  // What is missing after the deadline shows in what is compared.
  static_cast<void>(nginx_->wait_until(written));
  return folder_.read("requests");
}

std::string GitHttps::url(const std::string& path) const {
  return fmt::format("https://localhost:{}/{}", port_, path);
}

GitSsh::GitSsh(const std::vector<std::string>& host_keys) : types_(host_keys) {
  made_run_folder_ = geteuid() == 0 && mkdir(run_folder, 0755) == 0;
  folder_.write("allowed", "");
  make_host_keys();
  for (int attempt = 0; attempt < 3; ++attempt) {
    port_ = closed_port();
    if (start()) return;
  }
  throw std::runtime_error("sshd did not start: " + folder_.read("log"));
}

GitSsh::~GitSsh() {
  sshd_.reset();
  if (made_run_folder_) rmdir(run_folder);
}

void GitSsh::make_host_keys() {
  for (const std::string& type : types_) {
    const std::string file = folder_.path() + "/host_" + type;
    std::filesystem::remove(file);
    std::filesystem::remove(file + ".pub");
    make_ssh_key(file, type);
  }
}

bool GitSsh::start() {
  std::string config = fmt::format(
      "Port {}\nListenAddress 127.0.0.1\nAuthorizedKeysFile {}/allowed\nStrictModes no\nUsePAM no\n"
      "PidFile none\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
      "PermitRootLogin prohibit-password\n",
      port_, folder_.path());
  for (const std::string& type : types_) {
    config += fmt::format("HostKey {}/host_{}\n", folder_.path(), type);
  }
  folder_.write("sshd.conf", config);
  sshd_ = std::make_unique<Daemon>(
      std::vector<std::string>{"/usr/sbin/sshd", "-D", "-e", "-f", folder_.path() + "/sshd.conf"},
      folder_.path() + "/log");
  return sshd_->wait_until([&] { return listens(port_); });
}

void GitSsh::change_host_keys() {
  sshd_.reset();
  make_host_keys();
  if (!start()) throw std::runtime_error("sshd did not start again: " + folder_.read("log"));
}

std::string GitSsh::url(const std::string& path) const {
  return fmt::format("ssh://{}@127.0.0.1:{}{}", user_name(), port_, path);
}

void GitSsh::allow(const std::string& public_key_file) {
  const TempDir& folder = folder_;
  const std::string key = must({"/usr/bin/cat", public_key_file});
  folder.write("allowed", folder.read("allowed") + key);
}

std::string GitSsh::fingerprint(const std::string& host_key) const {
  const std::string said =
      must({"/usr/bin/ssh-keygen", "-lf", folder_.path() + "/host_" + host_key + ".pub"});
  const std::size_t start = said.find("SHA256:");
  return said.substr(start, said.find(' ', start) - start);
}

std::string GitSsh::known_line(const std::string& host_key) const {
  return fmt::format("[127.0.0.1]:{} {}", port_, folder_.read("host_" + host_key + ".pub"));
}

}  // namespace homeostat::test
