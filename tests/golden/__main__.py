from tests.golden import write_answers

write_answers()
