// The parts of record values that types_rdata.cpp and types_svcb.cpp share.
#pragma once

#include "specs/types.hpp"

namespace homeostat {

// A target as an absolute name: "@" is the zone, a name without an inner dot lies in it. "." stays
// where `root_allowed`. See canonical_rdata for names of one label.
[[nodiscard]] Result<std::string> complete_target(std::string_view target, std::string_view zone,
                                                  bool root_allowed);
// A decimal number of at most `max`; the error says which part of the value it is.
[[nodiscard]] Result<std::uint64_t> parse_part(std::string_view text, std::uint64_t max,
                                               std::string_view part);
// "1 . alpn=h2,h3 port=443", of SVCB and HTTPS.
[[nodiscard]] Result<std::string> canonical_svcb(std::string_view text, std::string_view zone);

}  // namespace homeostat
