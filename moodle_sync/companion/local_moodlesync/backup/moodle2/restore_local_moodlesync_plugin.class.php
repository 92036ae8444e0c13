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
 * Keys of sections, of rubric criteria and levels and of feedback items come back with a restored course.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Writes key map rows marked with their origin. They count again in a course of the same idnumber; elsewhere they are copies.
 */
class restore_local_moodlesync_plugin extends restore_local_plugin {
    /** What Moodle's restore calls the things that have keys within an activity. */
    private const MAPPINGS = [
        'criterion' => 'gradingform_rubric_criterion',
        'level' => 'gradingform_rubric_level',
        'item' => 'feedback_item',
    ];

    /** @var stdClass[] keys within this activity, until it is all there. */
    private array $keys = [];

    /**
     * Paths within a section.
     *
     * @return restore_path_element[]
     */
    protected function define_section_plugin_structure() {
        return [new restore_path_element('moodlesync_sectionkey', $this->get_pathfor('/moodlesync_key'))];
    }

    /**
     * Paths within an activity.
     *
     * @return restore_path_element[]
     */
    protected function define_module_plugin_structure() {
        return [new restore_path_element('moodlesync_modulekey', $this->get_pathfor('/moodlesync_key'))];
    }

    /**
     * The key of a section.
     *
     * @param array|stdClass $data the row
     */
    public function process_moodlesync_sectionkey($data) {
        $this->keep((object)$data, (int)$this->task->get_sectionid());
    }

    /**
     * A key within an activity.
     *
     * @param array|stdClass $data the row
     */
    public function process_moodlesync_modulekey($data) {
        $this->keys[] = (object)$data;
    }

    /**
     * Rubrics are restored after the activity itself: only now their new ids are known.
     */
    public function after_restore_module() {
        foreach ($this->keys as $row) {
            $id = $this->get_mappingid(self::MAPPINGS[$row->kind] ?? '', $row->objid);
            if ($id) {
                $this->keep($row, (int)$id);
            }
        }
    }

    /**
     * Writes a row, unless the course has one of that key: then this is a part of another course merged into it.
     *
     * @param stdClass $row the row
     * @param int $id the object's new id
     */
    private function keep(stdClass $row, int $id): void {
        global $DB;
        $where = [
            'namespace' => $row->namespace,
            'courseid' => $this->task->get_courseid(),
            'kind' => $row->kind,
            'objkey' => $row->objkey,
        ];
        if (!$DB->record_exists('local_moodlesync_map', $where)) {
            $DB->insert_record('local_moodlesync_map', $where + [
                'objid' => $id,
                'origin' => $row->origin,
                'timecreated' => time(),
            ]);
        }
    }
}
