#include "specs/resource.hpp"
