// One HTTP request to a port of this machine, sent as it is and by none of our clients.
#pragma once

#include <string>

namespace homeostat::test {

struct RawReply {
  int status = 0;  // 0: no answer
  std::string head;
  std::string body;
};
// `headers`: whole lines. JSON where there is a body.
[[nodiscard]] RawReply raw_http(int port, const std::string& method, const std::string& path,
                                const std::string& body = {}, const std::string& headers = {});
// The bytes that come back for these, until the peer closes; "" where there is no answer.
[[nodiscard]] std::string raw_exchange(int port, const std::string& request);

}  // namespace homeostat::test
