#include "specs/schema.hpp"
