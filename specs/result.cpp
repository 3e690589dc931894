#include "specs/result.hpp"
