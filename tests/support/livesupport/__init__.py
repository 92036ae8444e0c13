"""What the live suite is made of: a site named by the environment, actors with tokens of their own, specs dated today.

Nothing here uses the package's own client: what people do in Moodle must not depend on the code under test.
"""
