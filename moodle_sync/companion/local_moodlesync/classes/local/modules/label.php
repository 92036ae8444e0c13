<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Texts on the course page.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\modules;

/**
 * The label: a text on the course page. Moodle derives its name from the text, and no learner opens or completes it.
 */
final class label extends module {
    #[\Override]
    public function lacks(): array {
        return ['name', 'completion'];
    }

    #[\Override]
    public function needs(): array {
        return [];
    }

    #[\Override]
    public function write_texts(\stdClass $cm, array $changes): void {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/mod/label/lib.php');
        if (!isset($changes['intro'])) {
            return;
        }
        $row = $DB->get_record('label', ['id' => $cm->instance], '*', MUST_EXIST);
        $derived = $row->name === self::name($row, $cm);
        parent::write_texts($cm, $changes);
        if ($derived) { // A title that somebody gave by hand stays.
            $row = $DB->get_record('label', ['id' => $cm->instance], '*', MUST_EXIST);
            $this->update($cm, ['name' => self::name($row, $cm)]);
        }
    }

    /**
     * The name that Moodle makes of the text.
     *
     * @param \stdClass $row row of label
     * @param \stdClass $cm course module
     * @return string
     */
    private static function name(\stdClass $row, \stdClass $cm): string {
        return get_label_name((object)(['name' => '', 'coursemodule' => $cm->id] + (array)$row));
    }
}
