// One call of an operation with arguments that it must take, or must refuse, and what must hold of its result.
#pragma once

#include "given.hpp"

namespace szfast::fuzz {

void deposit_call(Given &given);
void spread_call(Given &given);
void mesh_call(Given &given);
void observe_call(Given &given);
void turn_call(Given &given);
void sphere_call(Given &given);
void columns_call(Given &given);
void stored_call(Given &given);

} // namespace szfast::fuzz
