"""Where decisions are asked for. `gate.decide.decide`: facts and a policy become a signed, logged, catalogued decision."""
