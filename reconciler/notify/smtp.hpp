// One mail to one recipient over SMTP, once: the only libcurl user here.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "reconciler/notify/message.hpp"

namespace homeostat {

struct SmtpSettings {
  std::string url = {};  // smtp:// or smtps://, host and port
  bool starttls = true;  // smtp: without TLS nothing is sent
  std::string user = {};
  std::string password = {};
  std::string ca_file = {};      // "": the system's authorities
  std::string fingerprint = {};  // that certificate alone; canonical
  std::chrono::milliseconds time_limit = std::chrono::seconds(30);
};

// Errors: a url that cannot be, one with a user, and a password that would go over the network
// without TLS.
[[nodiscard]] Status check_smtp(const SmtpSettings& settings);
// "localhost", 127.0.0.0/8, ::1
[[nodiscard]] bool is_loopback(const std::string& url);

// By a connection of its own. 4xx and whatever is no answer: later. 5xx: refused. `mail`: lines
// that end with CR LF; those that begin with a dot are libcurl's to escape. Of plain addresses.
[[nodiscard]] Delivery send_mail(const SmtpSettings& settings, const std::string& from,
                                 const std::string& to, const std::string& mail,
                                 const std::stop_token& stop);

}  // namespace homeostat
