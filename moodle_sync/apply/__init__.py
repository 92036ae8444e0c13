"""Apply: sends the changes of a plan to Moodle, one journalled step each, and reads back what it wrote."""
