// A real SMTP server of Debian's package python3-aiosmtpd on a free loopback port; smtp_server.py
// says what it does. It ends with the object, and with the test program whatever becomes of that.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/temp_repo.hpp"

namespace homeostat::test {

class SmtpServer {
 public:
  // Options of smtp_server.py. It listens when this returns; throws where it does not.
  explicit SmtpServer(const std::vector<std::string>& options = {});
  SmtpServer(const SmtpServer&) = delete;
  SmtpServer& operator=(const SmtpServer&) = delete;
  ~SmtpServer();

  [[nodiscard]] std::string url(const std::string& scheme = "smtp") const;
  // What it took so far, in order.
  [[nodiscard]] std::vector<nlohmann::json> mails() const;

 private:
  TempDir folder_;
  int port_ = 0;
  int pid_ = -1;
};

}  // namespace homeostat::test
